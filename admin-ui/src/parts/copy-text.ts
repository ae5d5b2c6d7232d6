// Puts a text on the clipboard, at a plain http address too; console and docs share it.

/** Rejects where the browser refuses. To be called in answer to a click or a key: browsers allow it nowhere else. */
export async function copyText(text: string): Promise<void> {
  // Only secure contexts have it: https and loopback, and not a phone's http://192.168.…
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  if (!copySelected(text)) throw new Error("The browser does not allow copying here. Select the text and copy it.");
}

/** The older way: a text that is selected, out of sight, for one moment. What had the focus has it again. */
function copySelected(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true; // no keyboard slides in on a phone
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } finally {
    area.remove();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }
}
