/** Fixture resources and prompts of the conformance suite. */

import { completable, ResourceTemplate } from "@modelcontextprotocol/server";
import type { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { PNG } from "./content_tools.ts";

/** Registers them. */
export function addDocuments(server: McpServer): void {
  addResources(server);
  addPrompts(server);
}

function addResources(server: McpServer): void {
  const text = (uri: string) => ({ contents: [{ uri, mimeType: "text/plain", text: `The text of ${uri}` }] });
  for (const name of ["static-text", "watched-resource"]) {
    const uri = `test://${name}`;
    server.registerResource(name, uri, { description: "Text", mimeType: "text/plain" }, () => text(uri));
  }
  server.registerResource(
    "static-binary",
    "test://static-binary",
    { description: "An image", mimeType: "image/png" },
    ({ href }) => ({ contents: [{ uri: href, mimeType: "image/png", blob: PNG }] }),
  );
  server.registerResource(
    "template",
    new ResourceTemplate("test://template/{id}/data", { list: undefined }),
    { description: "Data by id", mimeType: "application/json" },
    ({ href }, { id }) => ({
      contents: [{ uri: href, mimeType: "application/json", text: JSON.stringify({ id, data: `Data for ID: ${id}` }) }],
    }),
  );
  server.server.setRequestHandler("resources/subscribe", () => ({}));
  server.server.setRequestHandler("resources/unsubscribe", () => ({}));
}

function addPrompts(server: McpServer): void {
  const user = <Content>(content: Content) => ({ role: "user" as const, content });
  const text = (text: string) => user({ type: "text" as const, text });
  server.registerPrompt("test_simple_prompt", { description: "Has no arguments" }, () => ({
    messages: [text("This is a simple prompt for testing.")],
  }));
  server.registerPrompt(
    "test_prompt_with_arguments",
    {
      description: "Has two arguments",
      argsSchema: z.object({
        arg1: completable(z.string(), (value) => ["test", "text"].filter((each) => each.startsWith(value))),
        arg2: z.string(),
      }),
    },
    ({ arg1, arg2 }) => ({ messages: [text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  );
  server.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description: "Holds a resource", argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri: uri }) => ({
      messages: [
        user({ type: "resource" as const, resource: { uri, mimeType: "text/plain", text: "Embedded content" } }),
        text("Please process the embedded resource above."),
      ],
    }),
  );
  server.registerPrompt("test_prompt_with_image", { description: "Holds an image" }, () => ({
    messages: [user({ type: "image" as const, data: PNG, mimeType: "image/png" }), text("Please look at the image.")],
  }));
}
