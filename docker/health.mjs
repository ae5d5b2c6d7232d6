// The image's health check: one question to the server beside it, answered by the exit code. Plain Node, since a slim image
// has no curl.
const port = process.env.PORT || "4710";
try {
  const { status } = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4_000) });
  process.exitCode = status === 200 ? 0 : 1;
} catch {
  process.exitCode = 1;
}
