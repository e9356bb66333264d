import { certs } from "./src/cli/certs.ts"; import { listenHardened } from "./src/transport/hardened.ts"; import { listenNative } from "./src/transport/native.ts"; import { loadTls } from "./src/transport/tls.ts"; import { WebSocket } from "ws";
const out={write:(b:Uint8Array)=>{Deno.stdout.writeSync(b);return Promise.resolve(b.length)},isTerminal:()=>false};
const dir="/tmp/net/made"; await Deno.remove(dir,{recursive:true}).catch(()=>{});
const world={args:[],env:()=>undefined,stdin:{read:()=>Promise.resolve(null),isTerminal:()=>false},stdout:out,stderr:out,now:Date.now,monotonic:()=>0,shutdown:new AbortController().signal,onHangup(){}};
console.log(await certs({dir},{world,problems:[]}));
const tls=await loadTls({certPath:dir+"/server.pem",keyPath:dir+"/server-key.pem"}); if(!tls.ok) throw new Error(tls.problems.join());
const ca=await Deno.readTextFile(dir+"/ca.pem"); const client=Deno.createHttpClient({caCerts:[ca]});
const app={fetch:(r:Request,p:any)=>Promise.resolve(Response.json([r.url,p.address])),admit:()=>({release(){}}),upgrade:()=>({protocol:"mcp",open:(s:any)=>({text:(t:string)=>s.send(t),binary(){},closed:(c:number)=>console.log("closed",c)})})};
for (const listen of [listenNative,listenHardened]) { const l=await listen(app,{hostname:"localhost",port:0,tls:tls.files,maxMessageSize:1000,pingIntervalMs:1000}); console.log(listen.name, await (await fetch(`https://localhost:${l.port}/x`,{client})).text());
 const w=new WebSocket(`wss://localhost:${l.port}/ws`,["a","mcp"],{ca}); await new Promise(r=>w.on("open",r)); w.send("hello"); console.log(await new Promise(r=>w.on("message",d=>r(String(d)))), w.protocol); w.send("x".repeat(2000)); console.log(await new Promise(r=>w.on("close",c=>r(c)))); await l.close(); }
Deno.exit();
