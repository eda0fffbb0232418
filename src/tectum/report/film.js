(() => {
  const FADE_MS = 2, RATES = [10, 25, 60], SPAN = 0.05, TURN_MS = 12000;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const dark = () => (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  const RAMPS = {
    light: ["#f8ddb0", "#f2a65a", "#d9483b", "#8c1d5f", "#38105e"],
    dark: ["#2b2350", "#6d2b7d", "#c8436b", "#fb9a5e", "#fdf4b8"],
  };
  const RINGS = { light: ["#2a5aed", "#179164", "#905d92", "#ca2a0c"], dark: ["#8ea3ff", "#5cc79b", "#d79ad2", "#ea5f3c"] };
  const FIELD = { light: ["#eef0f3", "#9db4e6", "#2a5aed", "#10205c"], dark: ["#20252d", "#3a4a86", "#7d95f5", "#f0f3ff"] };

  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const numbers = (text) => new Uint16Array(bytes(text).buffer);
  const element = (name, className, parent, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    parent.append(made);
    return made;
  };
  const mix = (stops, share) => {
    const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2);
    const part = (hex, k) => parseInt(hex.slice(1 + 2 * k, 3 + 2 * k), 16);
    return [0, 1, 2].map((k) => Math.round(part(stops[low], k) * (1 - at + low) + part(stops[low + 1], k) * (at - low)));
  };
  const ramp = (stops, n) => Array.from({ length: n }, (_, k) => `rgb(${mix(stops, k / (n - 1))})`);
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  // A canvas as wide as its box, sharp on any screen; `draw` gets its context and size in pixels of the page.
  const picture = (parent, ratio, draw, label) => {
    const canvas = element("canvas", "", parent);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
    const fit = () => {
      const width = parent.clientWidth, height = Math.round(width * ratio()), scale = window.devicePixelRatio || 1;
      if (!width) return;
      canvas.style.height = `${height}px`;
      if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(height * scale);
      }
      const context = canvas.getContext("2d");
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, width, height);
      draw(context, width, height);
    };
    return { canvas, fit };
  };
  // Places of nodes on a canvas; y points up.
  const layOut = (sheet, places, width, height) => {
    const margin = 0.03 * width, scale = width - 2 * margin, points = new Float32Array(places.length);
    for (let k = 0; k < places.length; k += 2) {
      points[k] = margin + (scale * places[k]) / 65535;
      points[k + 1] = height - margin - (scale * places[k + 1]) / 65535;
    }
    return points;
  };
  const ratio = (sheet) => (0.94 * sheet.height + 0.06) / (0.94 * sheet.width + 0.06);
  const dots = (context, points, size, style) => {
    context.fillStyle = style;
    for (let k = 0; k < points.length; k += 2) context.fillRect(points[k] - size / 2, points[k + 1] - size / 2, size, size);
  };

  // Buttons, a slider and a clock; `show` draws the position on the slider.
  const controls = (film, { length, advance, show, words, start }) => {
    const bar = element("div", "controls", film);
    const button = element("button", "", bar);
    button.type = "button";
    const slider = element("input", "", bar);
    Object.assign(slider, { type: "range", min: 0, step: "any", max: length(), value: start });
    slider.setAttribute("aria-label", "Time");
    const clock = element("output", "", bar);
    let position = start, playing = false, last = null, seen = true;
    const refresh = () => {
      slider.max = length();
      slider.value = position;
      clock.textContent = words(position);
      show(position);
    };
    const tick = (now) => {
      if (!playing) return;
      if (last !== null && seen) {
        position = advance(position, Math.min(now - last, 100));
        refresh();
      }
      last = now;
      requestAnimationFrame(tick);
    };
    const play = (on) => {
      if (on && !playing) requestAnimationFrame(tick);
      playing = on;
      last = null;
      button.textContent = on ? "❚❚ Pause" : "▶ Play";
    };
    button.addEventListener("click", () => play(!playing));
    slider.addEventListener("input", () => {
      play(false);
      position = Number(slider.value);
      refresh();
    });
    if (window.IntersectionObserver) new IntersectionObserver((entries) => { seen = entries.at(-1).isIntersecting; }).observe(film);
    play(!still.matches);
    still.addEventListener("change", () => { if (still.matches) play(false); });
    window.addEventListener("resize", refresh);
    window.addEventListener("beforeprint", refresh);
    system.addEventListener("change", refresh);
    new MutationObserver(refresh).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
    return { bar, refresh, play, go: (to) => { position = to; refresh(); }, at: () => position };
  };
  const choice = (parent, label, names, chosen, choose) => {
    const group = element("div", "choice", parent);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", label);
    const buttons = names.map((name, k) => {
      const button = element("button", "", group, name);
      button.type = "button";
      button.setAttribute("aria-pressed", k === chosen);
      button.addEventListener("click", () => {
        buttons.forEach((other, j) => other.setAttribute("aria-pressed", j === k));
        choose(k);
      });
      return button;
    });
  };

  const waves = (film, data) => {
    const sheets = data.sheets, fade = FADE_MS / data.frame_ms;
    const places = sheets.map((sheet) => numbers(sheet.places));
    const unpack = (scene) => scene.unpacked || (scene.unpacked = {
      frames: scene.frames.map(bytes), centres: scene.centres.map(numbers),
    });
    let scene = data.scenes[data.start], rate = RATES[1];
    const fires = (layer, frame, node) => {
      const width = (sheets[layer].n + 7) >> 3;
      return (unpack(scene).frames[layer][frame * width + (node >> 3)] >> (node & 7)) & 1;
    };
    const activity = (of, layer) => {
      of.activity = of.activity || [];
      if (of.activity[layer]) return of.activity[layer];
      const width = (sheets[layer].n + 7) >> 3, raw = unpack(of).frames[layer], shares = new Float32Array(of.n);
      for (let frame = 0; frame < of.n; frame++) {
        let count = 0;
        for (let k = 0; k < width; k++) for (let byte = raw[frame * width + k]; byte; byte &= byte - 1) count++;
        shares[frame] = count / sheets[layer].n;
      }
      return (of.activity[layer] = shares);
    };
    const top = element("div", "controls", film);
    const stage = element("div", "sheets", film);
    let frame = 0, player = null;

    const rings = (context, width, height) => {
      const { centres } = unpack(scene), styles = RINGS[dark() ? "dark" : "light"];
      for (let layer = 1; layer < sheets.length; layer++) {
        let x = 0, y = 0, count = 0;
        for (let j = 0; j < sheets[layer].n; j++) {
          if (!fires(layer, frame, j)) continue;
          x += centres[layer - 1][2 * j];
          y += centres[layer - 1][2 * j + 1];
          count++;
        }
        if (count < 3) continue;
        const [px, py] = layOut(sheets[0], [x / count, y / count], width, height);
        context.beginPath();
        context.arc(px, py, SPAN * width * (1 + 0.35 * (layer - 1)), 0, 2 * Math.PI);
        context.lineWidth = 5;
        context.strokeStyle = colour("--panel");
        context.stroke();
        context.lineWidth = 2.5;
        context.strokeStyle = styles[(layer - 1) % styles.length];
        context.stroke();
      }
    };
    const pictures = sheets.map((sheet, layer) => {
      const box = element("div", "sheet", stage);
      const made = picture(box, () => ratio(sheet), (context, width, height) => {
        const points = layOut(sheet, places[layer], width, height), size = 0.8 * Math.sqrt((width * height) / sheet.n);
        dots(context, points, Math.min(0.35 * size, 3), colour("--line"));
        const levels = ramp(RAMPS[dark() ? "dark" : "light"], 24);
        for (let back = Math.ceil(fade); back >= 0; back--) {
          if (frame - back < 0 || back > fade) continue;
          context.fillStyle = levels[Math.round(23 * (1 - back / (fade + 0.5)))];
          const radius = Math.min(0.5 * size, 6);
          context.beginPath();
          for (let node = 0; node < sheet.n; node++) {
            if (!fires(layer, frame - back, node)) continue;
            context.moveTo(points[2 * node] + radius, points[2 * node + 1]);
            context.arc(points[2 * node], points[2 * node + 1], radius, 0, 2 * Math.PI);
          }
          context.fill();
        }
        if (layer === 0) rings(context, width, height);
      }, `Firing neurons of sheet ${layer}`);
      const name = element("p", "", box);
      if (layer > 0) element("span", `ring ring-${(layer - 1) % 4}`, name);
      name.append(`Sheet ${layer}, ${sheet.n.toLocaleString("en")} neurons`);
      return made;
    });
    const trace = picture(element("div", "trace", film), () => Math.min(0.09, 0.035 * sheets.length + 0.02) * (film.clientWidth < 600 ? 2 : 1), (context, width, height) => {
      const each = height / sheets.length;
      sheets.forEach((_, layer) => {
        const shares = activity(scene, layer), highest = Math.max(0.02, ...shares), foot = (layer + 1) * each - 1;
        context.beginPath();
        context.moveTo(0, foot);
        shares.forEach((share, k) => context.lineTo((k / (scene.n - 1)) * width, foot - (share / highest) * (each - 5)));
        context.lineTo(width, foot);
        context.fillStyle = colour("--other");
        context.fill();
      });
      context.fillStyle = colour("--accent");
      context.fillRect((frame / (scene.n - 1)) * width - 1, 0, 2, height);
    }, "Share of each sheet that fires, over time");
    trace.canvas.addEventListener("click", (event) => {
      player.play(false);
      player.go((event.offsetX / trace.canvas.clientWidth) * (scene.n - 1));
    });
    player = controls(film, {
      start: Math.min(40, scene.n - 1),
      length: () => scene.n - 1,
      advance: (position, ms) => (position + (ms * rate) / 1000 / data.frame_ms) % (scene.n - 1),
      words: (position) => `${(position * data.frame_ms).toFixed(0)} of ${(scene.n * data.frame_ms).toFixed(0)} ms`,
      show: (position) => {
        frame = Math.min(Math.floor(position), scene.n - 1);
        [...pictures, trace].forEach((made) => made.fit());
      },
    });
    choice(top, "Time of growth", data.scenes.map((each) => each.name), data.start, (k) => {
      scene = data.scenes[k];
      player.go(player.at() % (scene.n - 1));
    });
    choice(player.bar, "Speed", RATES.map((each) => `${each} ms/s`), 1, (k) => { rate = RATES[k]; });
    player.refresh();
  };

  const growth = (film, data) => {
    const last = data.times.length - 1;
    const unpack = (which) => which.unpacked || (which.unpacked = {
      places: numbers(which.below.places), centres: which.centres.map(numbers), edges: numbers(which.edges),
      light: bytes(which.light), dark: bytes(which.dark), fields: which.fields.map(bytes),
    });
    let which = data.projections[0], position = last, player = null;
    const top = element("div", "controls", film);
    const stage = element("div", "sheets", film);
    const shade = (j) => {
      const colours = unpack(which)[dark() ? "dark" : "light"];
      return `rgb(${colours[3 * j]}, ${colours[3 * j + 1]}, ${colours[3 * j + 2]})`;
    };
    const net = picture(element("div", "sheet", stage), () => ratio(which.below), (context, width, height) => {
      const { places, centres, edges } = unpack(which), low = Math.floor(position), part = position - low;
      const now = Float32Array.from(centres[low], (value, k) => value * (1 - part) + centres[Math.min(low + 1, last)][k] * part);
      const points = layOut(which.below, now, width, height);
      const nodes = layOut(which.below, places, width, height);
      dots(context, nodes, Math.min(0.28 * Math.sqrt((width * height) / which.below.n), 3), colour("--line"));
      context.beginPath();
      for (let k = 0; k < edges.length; k += 2) {
        context.moveTo(points[2 * edges[k]], points[2 * edges[k] + 1]);
        context.lineTo(points[2 * edges[k + 1]], points[2 * edges[k + 1] + 1]);
      }
      context.strokeStyle = colour("--muted");
      context.globalAlpha = 0.55;
      context.lineWidth = 0.8;
      context.stroke();
      context.globalAlpha = 1;
      const radius = Math.min(5, 0.22 * Math.sqrt((width * height) / which.n));
      for (let j = 0; j < which.n; j++) {
        context.beginPath();
        context.arc(points[2 * j], points[2 * j + 1], radius, 0, 2 * Math.PI);
        context.fillStyle = shade(j);
        context.fill();
      }
    }, "Centres of receptive fields, joined where units are neighbours");
    const fields = picture(element("div", "sheet", stage), () => ratio(which.below), (context, width, height) => {
      const shown = which.shown, columns = Math.sqrt(shown.length), rows = columns;  // a square of units
      const { places, fields: stored } = unpack(which), near = (at, k) => Math.abs(data.stages[k] - position) < Math.abs(data.stages[at] - position);
      const table = stored[stored.reduce((at, _, k) => (near(at, k) ? k : at), 0)], row = (which.below.n + 1) >> 1;
      const levels = ramp(FIELD[dark() ? "dark" : "light"], 16), gap = 6;
      const box = [(width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows];
      const points = layOut(which.below, places, box[0], box[1]);
      const dot = 1.25 * Math.sqrt((box[0] * box[1]) / which.below.n), n = which.below.n;
      shown.forEach((j, k) => {
        const x = (k % columns) * (box[0] + gap), y = Math.floor(k / columns) * (box[1] + gap);
        context.fillStyle = levels[0];
        context.fillRect(x, y, box[0], box[1]);
        context.save();
        context.beginPath();
        context.rect(x, y, box[0], box[1]);
        context.clip();
        for (let i = 0; i < n; i++) {
          const level = (table[k * row + (i >> 1)] >> (4 * (i & 1))) & 15;
          if (!level) continue;
          context.fillStyle = levels[level];
          context.fillRect(x + points[2 * i] - dot / 2, y + points[2 * i + 1] - dot / 2, dot, dot);
        }
        context.restore();
        context.strokeStyle = shade(j);
        context.lineWidth = 2;
        context.strokeRect(x + 1, y + 1, box[0] - 2, box[1] - 2);
      });
    }, "Receptive fields of some units");
    player = controls(film, {
      start: last,
      length: () => last,
      advance: (now, ms) => (now >= last + 0.25 * last ? 0 : now + (ms * last) / TURN_MS),
      words: (now) => {
        const k = Math.min(Math.round(now), last), [compact, coverage, order] = which.measures[k];
        const said = order === null ? "–" : order.toFixed(2);
        return `${(data.times[k] / 1000).toFixed(1)} s · compactness ${compact.toFixed(2)} · coverage ${coverage.toFixed(2)} · topography ${said}`;
      },
      show: (now) => {
        position = Math.min(now, last);
        net.fit();
        fields.fit();
      },
    });
    player.bar.classList.add("long");
    if (data.projections.length > 1) {
      choice(top, "Projection", data.projections.map((each) => each.name), 0, (k) => {
        which = data.projections[k];
        player.refresh();
      });
    }
    player.refresh();
  };

  const HOLD = 0.6, FLIGHT_MS = 9000, FRAME_MS = 250;
  const layout = (film, data) => {
    const frames = bytes(data.frames), placed = numbers(data.placed), last = data.stages.length - 1;
    const stages = data.stages.map((stage) => numbers(stage.places)), longer = Math.max(data.rows, data.cols);
    const ease = (x) => x * x * (3 - 2 * x);
    let position = 0, frame = 0;
    const at = () => Math.floor(frame) % data.n_frames;
    const shade = (context, value) => { context.fillStyle = `rgb(${value}, ${value}, ${value})`; };
    const ground = (context, width, height) => { context.fillStyle = "#000"; context.fillRect(0, 0, width, height); };
    const stage = element("div", "sheets", film);
    const shape = () => data.rows / data.cols;
    const given = picture(element("div", "sheet", stage), shape, (context, width, height) => {
      const [rows, cols] = data.side, w = width / cols, h = height / rows, row = at() * data.n;
      ground(context, width, height);
      for (let k = 0; k < data.n; k++) {
        shade(context, frames[row + k]);
        context.fillRect((k % cols) * w, Math.floor(k / cols) * h, w + 0.5, h + 0.5);
      }
    }, "Activity in the order of the sensors");
    const restored = picture(element("div", "sheet", stage), shape, (context, width, height) => {
      const low = Math.min(Math.floor(position), last), high = Math.min(low + 1, last);
      const part = ease(Math.min(Math.max((position - low - HOLD) / (1 - HOLD), 0), 1));
      const scale = width / (data.cols / longer) / 65535, size = 1.08 * (width / data.cols), row = at() * data.n;
      ground(context, width, height);
      for (let k = 0; k < placed.length; k++) {
        const x = stages[low][2 * k] * (1 - part) + stages[high][2 * k] * part;
        const y = stages[low][2 * k + 1] * (1 - part) + stages[high][2 * k + 1] * part;
        shade(context, frames[row + placed[k]]);
        context.fillRect(x * scale - size / 2, y * scale - size / 2, size, size);
      }
    }, "Activity with each sensor in its place");
    const player = controls(film, {
      start: still.matches ? last + 0.01 : 0,
      length: () => last + 1,
      advance: (now, ms) => {
        frame += ms / FRAME_MS;
        return now >= last + 1 ? 0 : now + (ms * (last + 1)) / (FLIGHT_MS * (now >= last ? 2 : 1));
      },
      words: (now) => data.stages[Math.min(Math.floor(now), last)].name,
      show: (now) => {
        position = now;
        given.fit();
        restored.fit();
      },
    });
    player.bar.classList.add("long");
    player.refresh();
  };

  const POLAR = {
    light: ["#5c1408", "#ca2a0c", "#f2a88f", "#ffffff", "#9db4f6", "#2a5aed", "#10205c"],
    dark: ["#ffd9c9", "#ea5f3c", "#6b2c1c", "#14171c", "#2c3b7a", "#7d95f5", "#e3e9ff"],
  };
  const PACE_MS = 90;
  const events = (film, data) => {
    const rates = bytes(data.rates), last = data.n_frames - 1, small = document.createElement("canvas");
    let frame = 0, player = null;
    const images = Object.fromEntries(["seen", "restored", "components"].map((name) => {
      const image = new Image();
      image.addEventListener("load", () => player && player.refresh());
      image.src = `data:image/png;base64,${data[name]}`;
      return [name, image];
    }));
    let shades = [];
    const palette = () => Array.from({ length: 256 }, (_, k) => mix(POLAR[dark() ? "dark" : "light"], 0.5 + (k - 128) / 240));
    // A picture of a file in colours, at a place of the canvas.
    const paint = (context, image, cols, rows, k, x, y, width, height) => {
      if (!image.complete || !image.naturalWidth) return;
      small.width = cols;
      small.height = rows;
      const inner = small.getContext("2d", { willReadFrequently: true });
      inner.drawImage(image, 0, k * rows, cols, rows, 0, 0, cols, rows);
      const pixels = inner.getImageData(0, 0, cols, rows);
      for (let i = 0; i < pixels.data.length; i += 4) pixels.data.set(shades[pixels.data[i]], i);
      inner.putImageData(pixels, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(small, x, y, width, height);
    };
    const stage = element("div", "sheets", film), ratio = () => data.rows / data.cols;
    const panel = (name, words) => {
      const box = element("div", "sheet", stage);
      const made = picture(box, ratio, (context, width, height) => paint(context, images[name], data.cols, data.rows, frame, 0, 0, width, height), words);
      element("p", "", box, words);
      return made;
    };
    const panels = [panel("seen", "Events"), panel("restored", "Rebuilt from the spikes")];
    const columns = Math.ceil(Math.sqrt(data.n / ratio())), lines = Math.ceil(data.n / columns);
    const box = element("div", "sheet", stage);
    panels.push(picture(box, ratio, (context, width, height) => {
      const each = Math.min(width / columns, height / lines), gap = 0.16 * each, accent = colour("--accent");
      const left = (width - each * columns) / 2, top = (height - each * lines) / 2;
      for (let k = 0; k < data.n; k++) {
        const x = left + (k % columns) * each, y = top + Math.floor(k / columns) * each, rate = rates[frame * data.n + k] / 255;
        context.globalAlpha = rate;
        context.fillStyle = accent;
        context.fillRect(x, y, each, each);
        context.globalAlpha = 0.35 + 0.65 * Math.min(1, 1.6 * rate);
        paint(context, images.components, data.size, data.size, k, x + gap, y + gap, each - 2 * gap, each - 2 * gap);
      }
      context.globalAlpha = 1;
    }, "Components that fire"));
    element("p", "", box, "Components that fire");
    const trace = picture(element("div", "trace", film), () => (film.clientWidth < 600 ? 0.16 : 0.08), (context, width, height) => {
      data.counts.forEach((counts, k) => {
        const highest = Math.max(1, ...counts);
        context.beginPath();
        counts.forEach((count, j) => context.lineTo((j / last) * width, height - 1 - (count / highest) * (height - 4)));
        if (k === 0) {
          context.lineTo(width, height);
          context.lineTo(0, height);
          context.fillStyle = colour("--line");
          context.fill();
        } else {
          context.lineWidth = 1.8;
          context.strokeStyle = colour("--accent");
          context.stroke();
        }
      });
      context.fillStyle = colour("--text");
      context.fillRect((frame / last) * width - 1, 0, 2, height);
    }, "Events and spikes over time");
    trace.canvas.addEventListener("click", (event) => {
      player.play(false);
      player.go((event.offsetX / trace.canvas.clientWidth) * last);
    });
    player = controls(film, {
      start: Math.round(last / 3),
      length: () => last,
      advance: (now, ms) => (now >= last ? 0 : Math.min(last, now + ms / PACE_MS)),
      words: (now) => `${data.times_ms[Math.min(Math.floor(now), last)].toFixed(0)} ms`,
      show: (now) => {
        frame = Math.min(Math.floor(now), last);
        shades = palette();
        [...panels, trace].forEach((made) => made.fit());
      },
    });
    player.refresh();
  };

  const kinds = { waves, growth, layout, events };
  document.querySelectorAll(".film").forEach((film) => {
    const data = document.getElementById(`data-${film.closest("figure").id.replace("figure-", "")}`);
    film.textContent = "";
    kinds[film.dataset.kind](film, JSON.parse(data.textContent));
  });
})();
