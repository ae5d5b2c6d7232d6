// Sets the colours before the first paint. A file of its own because the policy of /docs allows no inline script.
(() => {
  let kept = null;
  try {
    kept = localStorage.getItem("landfall-docs-scheme");
  } catch {
    // Storage is blocked: the system's colours are used.
  }
  if (kept === "dark" || kept === "light") document.documentElement.dataset.scheme = kept;
})();
