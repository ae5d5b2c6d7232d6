// As whom this page asks. Nobody at first; the console's session only when the reader says so; a key stays in this page's
// memory and is gone with it.
import { h } from "./dom.ts";

export interface Credential {
  readonly kind: "nobody" | "session" | "key";
  readonly token: string | undefined;
}

export const nobody: Credential = { kind: "nobody", token: undefined };

interface Session {
  readonly token: string;
  readonly expiresAt: string;
  readonly admin?: { readonly email?: string };
}

/** What the console keeps for this browser while an admin is signed in. */
function consoleSession(): Session | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem("landfall.session") ?? "null") as Session | null;
    return kept && Date.parse(kept.expiresAt) > Date.now() ? kept : undefined;
  } catch {
    return undefined;
  }
}

export function headersOf({ token }: Credential): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** The choice of a credential. `use` is told when it is made and says what is wrong with it, if anything. */
export function credentialForm(
  current: Credential,
  use: (chosen: Credential) => Promise<string | undefined>,
): HTMLElement {
  const session = consoleSession();
  const said = h("p", { role: "status", class: "said" });
  const key = h("input", { type: "password", id: "key", autocomplete: "off", spellcheck: "false" });
  const apply = async (chosen: Credential) => {
    said.textContent = (await use(chosen)) ?? "";
  };
  const choice = (kind: Credential["kind"], label: string, change: () => void) =>
    h(
      "label",
      { class: "choice" },
      h("input", { type: "radio", name: "credential", value: kind, checked: current.kind === kind, change }),
      ` ${label}`,
    );
  const keyLine = h(
    "form",
    {
      class: "key-line",
      hidden: current.kind !== "key",
      submit: (event) => {
        event.preventDefault();
        if (key.value.trim() !== "") void apply({ kind: "key", token: key.value.trim() });
      },
    },
    h("label", { for: "key" }, "API key"),
    key,
    h("button", { type: "submit" }, "Use this key"),
    h("p", {}, "It stays in this page's memory and is gone when you leave."),
  );
  return h(
    "fieldset",
    { class: "credential" },
    h("legend", {}, "Ask as"),
    choice("nobody", "nobody", () => void apply(nobody)),
    session
      ? choice("session", `${session.admin?.email ?? "the admin"}, signed in to the console`, () => void apply({ kind: "session", token: session.token })) // biome-ignore format: one choice
      : undefined,
    choice("key", "an API key", () => {
      keyLine.hidden = false;
      key.focus();
    }),
    session ? undefined : h("p", {}, h("a", { href: "/console" }, "Sign in to the console"), " to ask as an admin."),
    keyLine,
    said,
  );
}
