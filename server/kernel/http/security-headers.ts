// The headers every answer carries, by mount. Flat name/value lists, computed once: Node writes them without a copy.

export type Mount = "api" | "console" | "docs";

const policies: { readonly [mount in Mount]: readonly string[] } = {
  api: ["default-src 'none'", "frame-ancestors 'none'"],
  // Mantine positions popovers and sizes with style attributes, which only 'unsafe-inline' permits. Scripts get no such way.
  console: [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ],
  docs: [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ],
};

export function securityHeaders(mount: Mount, publicUrl: string): readonly string[] {
  return [
    "Content-Security-Policy",
    policies[mount].join("; "),
    "X-Content-Type-Options",
    "nosniff",
    "Referrer-Policy",
    mount === "api" ? "no-referrer" : "same-origin",
    "Cross-Origin-Resource-Policy",
    // The API is for apps of any origin; CORS decides what they may read.
    mount === "api" ? "cross-origin" : "same-origin",
    ...(mount === "api" ? [] : ["Cross-Origin-Opener-Policy", "same-origin", "X-Frame-Options", "DENY"]),
    ...(publicUrl.startsWith("https:") ? ["Strict-Transport-Security", "max-age=63072000"] : []),
  ];
}
