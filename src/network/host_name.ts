/** A name or address as URLs and `Host` headers have it: IPv6 addresses stand in brackets. */
export function hostName(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
