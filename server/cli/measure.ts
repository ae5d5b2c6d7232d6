// Sizes and times as people read them.

export function size(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`;
  if (bytes < 10_000_000) return `${Math.round(bytes / 1_000)} kB`;
  return bytes < 10_000_000_000 ? `${Math.round(bytes / 1_000_000)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

export function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 72 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
