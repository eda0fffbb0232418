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

// What a figure says of the neuron or sample nearest to the pointer.
(() => {
  const NEAR = 28; // pixels
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  const hide = () => {
    tip.hidden = true;
  };
  const show = (tips, event) => {
    const box = event.target.getBoundingClientRect();
    let nearest = NEAR;
    let text = null;
    for (const [x, y, said] of tips) {
      const away = Math.hypot(box.left + x * box.width - event.clientX, box.top + y * box.height - event.clientY);
      if (away < nearest) [nearest, text] = [away, said];
    }
    if (text === null) return hide();
    tip.textContent = text;
    tip.hidden = false;
    const page = document.documentElement.clientWidth;
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, page - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(8, event.clientY - tip.offsetHeight - 12)}px`;
  };
  for (const data of document.querySelectorAll("script.tips")) {
    const tips = JSON.parse(data.textContent);
    for (const image of data.parentElement.querySelectorAll("img")) {
      image.addEventListener("pointermove", (event) => show(tips, event));
      image.addEventListener("pointerdown", (event) => show(tips, event));
      image.addEventListener("pointerleave", hide);
    }
  }
  window.addEventListener("scroll", hide, { passive: true });
})();
