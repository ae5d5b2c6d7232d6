// A button on every piece of code that copies it as it stands.
import { copyText } from "../../../admin-ui/src/parts/copy-text.ts";

const shownMs = 2_000;

export function startCopying(): void {
  for (const figure of document.querySelectorAll<HTMLElement>("figure.code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy this code");
    button.addEventListener("click", () => void copy(figure, button));
    figure.append(button);
  }
}

async function copy(figure: HTMLElement, button: HTMLButtonElement): Promise<void> {
  const text = figure.querySelector("code")?.textContent ?? "";
  const said = await copyText(text).then(
    () => "Copied",
    () => "Not allowed",
  );
  button.textContent = said;
  button.setAttribute("aria-label", said);
  setTimeout(() => {
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy this code");
  }, shownMs);
}
