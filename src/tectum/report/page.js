(() => {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const present = () => root.dataset.theme || (system.matches ? "dark" : "light");
  const label = () => {
    button.textContent = present() === "dark" ? "☀ Light" : "☾ Dark";
  };
  try {
    const kept = window.localStorage.getItem("tectum-theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch {
    // storage is off for this page: the choice lasts until it is closed
  }
  button.addEventListener("click", () => {
    root.dataset.theme = present() === "dark" ? "light" : "dark";
    try {
      window.localStorage.setItem("tectum-theme", root.dataset.theme);
    } catch {
      // as above
    }
    label();
  });
  system.addEventListener("change", label);
  label();
  button.hidden = false;
})();
