// A button on every piece of code that copies it as it stands; the API reference has the same one.
import { copyText } from "../../../admin-ui/src/parts/copy-text.ts";

const shownMs = 2_000;

export function startCopying(): void {
  for (const figure of document.querySelectorAll<HTMLElement>("figure.code"))
    figure.append(copyButton(() => figure.querySelector("code")?.textContent ?? ""));
}

export function copyButton(text: () => string): HTMLButtonElement {
  const button = document.createElement("button");
  const say = (shown: string, meant = shown) => {
    button.textContent = shown;
    button.setAttribute("aria-label", meant);
  };
  const rest = () => say("Copy", "Copy this code");
  button.type = "button";
  button.className = "copy";
  rest();
  button.addEventListener("click", async () => {
    say(await copyText(text()).then(() => "Copied", () => "Not allowed")); // biome-ignore format: one line
    setTimeout(rest, shownMs);
  });
  return button;
}
