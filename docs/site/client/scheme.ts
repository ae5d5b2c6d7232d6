// Dark or light: the system's choice until the reader makes one. color-scheme.js applies it before the first paint.

const key = "landfall-docs-scheme";
const root = document.documentElement;

export function startScheme(): void {
  const button = document.querySelector<HTMLButtonElement>("button[data-scheme]");
  if (!button) return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const now = () => root.dataset.scheme ?? (dark.matches ? "dark" : "light");
  const show = () => {
    button.textContent = now() === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Use ${now() === "dark" ? "light" : "dark"} colours`);
    button.hidden = false;
  };
  button.addEventListener("click", () => {
    root.dataset.scheme = now() === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(key, root.dataset.scheme);
    } catch {
      // Storage is blocked: the choice holds for this page.
    }
    show();
  });
  dark.addEventListener("change", show);
  show();
}
