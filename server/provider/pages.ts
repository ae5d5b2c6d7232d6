// The few pages that the protocol itself shows: the code of a device, signing out, and what went wrong. Everything else a person
// sees is the hosted sign-in. No script, no request to anywhere; the one style sheet is named by its hash in the policy.
import { createHash } from "node:crypto";
import { product } from "../kernel/product.ts";

const style = `
:root{color-scheme:light dark;--ink:#1a2329;--paper:#f5f7f8;--card:#fff;--line:#d5dde1;--sea:#0b7080;--loss:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf0;--paper:#0b1115;--card:#141c21;--line:#2a363d;--sea:#4fb3c3;--loss:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:16px;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{width:100%;max-width:400px;padding:32px;background:var(--card);border:1px solid var(--line);border-radius:8px}
h1{margin:0 0 16px;font-size:20px;line-height:1.3}
p{margin:0 0 16px}
form{margin:0}
.code{font:600 28px/1.2 ui-monospace,monospace;letter-spacing:.08em}
.fault{color:var(--loss)}
input[type=text]{width:100%;min-height:44px;margin:4px 0 16px;padding:0 12px;border:1px solid var(--line);border-radius:4px;background:transparent;color:inherit;font:600 20px/1 ui-monospace,monospace;letter-spacing:.08em;text-transform:uppercase}
.actions{display:grid;gap:8px}
button{min-height:44px;border:1px solid var(--line);border-radius:4px;background:transparent;color:inherit;font:inherit;cursor:pointer}
button.go{border-color:var(--sea);background:var(--sea);color:#fff;font-weight:600}
@media (prefers-color-scheme:dark){button.go{color:#06272c}}
:focus-visible{outline:3px solid var(--sea);outline-offset:2px}
`;

/** For the mount. An empty script-src stands there because the protocol adds the hash of the one script it has (form_post). */
export const pagePolicy = [
  "default-src 'none'",
  "script-src",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
];

export function page(title: string, content: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escaped(title)} · ${product.name}</title>
<style>${style}</style>
</head>
<body><main><h1>${escaped(title)}</h1>${content}</main></body>
</html>`;
}

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

export function codePage(action: string, xsrf: string, fault: string | undefined): string {
  return page(
    "Connect a device",
    `${fault === undefined ? "" : `<p class="fault" role="alert" id="fault">${escaped(fault)}</p>`}
<form method="post" action="${escaped(action)}">
<input type="hidden" name="xsrf" value="${escaped(xsrf)}">
<label>Code shown on the device<input type="text" name="user_code" required maxlength="20" autocomplete="off" autocapitalize="characters" spellcheck="false" autofocus${fault === undefined ? "" : ' aria-invalid="true" aria-describedby="fault"'}></label>
<div class="actions"><button class="go">Continue</button></div>
</form>`,
  );
}

export interface DeviceAsked {
  readonly action: string;
  readonly xsrf: string;
  readonly userCode: string;
  readonly client: string;
}

export function confirmPage({ action, xsrf, userCode, client }: DeviceAsked): string {
  return page(
    "Is this your device?",
    `<p><strong>${escaped(client)}</strong> wants to sign in. Go on only if you hold the device yourself and it shows this code:</p>
<p class="code">${escaped(userCode)}</p>
<form method="post" action="${escaped(action)}">
<input type="hidden" name="xsrf" value="${escaped(xsrf)}">
<input type="hidden" name="user_code" value="${escaped(userCode)}">
<input type="hidden" name="confirm" value="yes">
<div class="actions"><button class="go">This is my device</button><button name="abort" value="yes">Stop</button></div>
</form>`,
  );
}

export function signOutPage(action: string, xsrf: string): string {
  return page(
    "Sign out?",
    `<p>You will be signed out here and of the apps that need you to be.</p>
<form method="post" action="${escaped(action)}">
<input type="hidden" name="xsrf" value="${escaped(xsrf)}">
<div class="actions"><button class="go" name="logout" value="yes">Sign out</button><button>Stay signed in</button></div>
</form>`,
  );
}

export const deviceDonePage = (): string => page("The device is connected", "<p>You can close this page.</p>");
export const signedOutPage = (): string => page("You are signed out", "<p>You can close this page.</p>");

export function errorPage(error: { readonly error: string; readonly error_description?: string | undefined }): string {
  const why = error.error_description ?? "";
  return page(
    "This did not work",
    `<p>Go back to the app and start again. If it happens once more, tell those who run the app:</p>
<p><code>${escaped(error.error)}</code>${why === "" ? "" : `: ${escaped(why)}`}</p>`,
  );
}
