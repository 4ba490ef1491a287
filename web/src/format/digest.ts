/** "sha256:0123456789abcdef…" → "0123456789ab"; names stay as they are. */
export function shortDigest(value: string): string {
  return value.startsWith("sha256:") ? value.slice(7, 19) : value;
}
