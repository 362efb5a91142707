// What makes the page quick: keys, sound without leaving the page, a click into a timeline. Without it every link and
// every form still works.
"use strict";
(() => {
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const say = (text) => { find("#say").textContent = text; };
  const words = () => find("#say").dataset;
  const audio = find("#audio");
  let playing = null; // the row whose sound is in the player

  // --- rows: turns, samples, places; one of them is chosen --------------------------------------------------------
  const rows = () => all("[data-row]");
  const chosen = () => find("[data-row][aria-current]");

  function choose(row, { focus = true, show = true } = {}) {
    if (!row) return;
    for (const other of all("[data-row][aria-current]")) other.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    const link = find("a, button", row);
    if (focus && link) link.focus({ preventScroll: false });
    row.scrollIntoView({ block: "nearest" });
    if (show) details(row);
  }

  // The panel beside the table tells more of the chosen turn: it is the page's own, asked for with `row`.
  let asked = 0;
  async function details(row) {
    const panel = find("#turn"), link = find('a[href*="row="]', row);
    if (!panel || !link) return;
    const mine = ++asked;
    await new Promise((go) => setTimeout(go, 150));
    if (mine !== asked) return;
    await htmx.ajax("GET", link.href.replace(/#.*/, ""), { target: "#turn", select: "#turn", swap: "outerHTML" });
  }

  function step(by) {
    const there = rows();
    if (!there.length) return;
    const at = there.indexOf(chosen());
    const next = at < 0 ? (by > 0 ? 0 : there.length - 1) : at + by;
    if (next >= 0 && next < there.length) return choose(there[next]);
    const page = find(by > 0 ? 'a[rel="next"]' : 'a[rel="prev"]');
    if (page) page.click();
  }

  // --- sound ---------------------------------------------------------------------------------------------------------
  function play(row) {
    const link = row && find("[data-clip]", row);
    if (!link) return;
    if (playing !== row || !audio.src) {
      playing = row;
      audio.src = link.href;
      const title = find("h1");
      find("#player-name").textContent = `${row.innerText.replace(/\s+/g, " ").trim().slice(0, 80)} – ${title ? title.textContent : ""}`;
      find("#player").hidden = false;
    }
    audio.play().catch(() => {});
  }

  function toggle() {
    const row = chosen() || rows().find((one) => find("[data-clip]", one));
    if (!row) return;
    if (!chosen()) choose(row);
    if (playing === row && !audio.paused) audio.pause();
    else play(row);
  }

  audio.addEventListener("play", () => say(words().playing));
  audio.addEventListener("pause", () => say(words().stopped));
  audio.addEventListener("error", async () => {
    if (!audio.getAttribute("src")) return;
    let why = words().failed;
    try {
      const answer = await fetch(audio.src, { headers: { Accept: "text/plain" } });
      if (!answer.ok && (answer.headers.get("content-type") || "").startsWith("text/plain")) why = (await answer.text()).trim();
    } catch { why = words().offline; }
    say(why);
    find("#player-name").textContent = why;
  });

  function follow() {
    const line = find("[data-timeline]"), head = line && find(".playhead", line);
    if (!head) return;
    const row = playing, begins = row && parseFloat(row.dataset.s), bar = find("svg.bar", line);
    const at = begins + audio.currentTime, first = parseFloat(line.dataset.start), length = parseFloat(line.dataset.length);
    head.hidden = !row || Number.isNaN(begins) || at < first || at > first + length;
    if (head.hidden) return;
    const box = bar.getBoundingClientRect(), outer = line.getBoundingClientRect();
    head.style.left = `${box.left - outer.left + box.width * (at - first) / length}px`;
  }
  audio.addEventListener("timeupdate", follow);
  addEventListener("resize", follow);

  // A click into a lane plays what is there.
  function clicked(bar, event) {
    const line = bar.closest("[data-timeline]"), box = bar.getBoundingClientRect();
    const at = parseFloat(line.dataset.start) + parseFloat(line.dataset.length) * (event.clientX - box.left) / box.width;
    const lane = bar.dataset.lane;
    const mine = rows().filter((row) => !lane || (row.dataset.k || "").split(" ").includes(lane));
    const row = mine.find((one) => parseFloat(one.dataset.s) <= at && at < parseFloat(one.dataset.e));
    if (row) { choose(row); play(row); return; }
    const where = new URL(location.href);
    if (lane) where.searchParams.set("who", lane);
    where.searchParams.delete("row");
    where.searchParams.delete("first");
    where.searchParams.set("at", at.toFixed(1));
    location.assign(where);
  }

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const clip = event.target.closest("[data-clip]");
    if (clip) {
      event.preventDefault();
      const row = clip.closest("[data-row]") || clip.parentElement;
      if (row.matches("[data-row]")) choose(row, { focus: false });
      if (playing === row && !audio.paused) audio.pause();
      else play(row);
      return;
    }
    const bar = event.target.closest("svg[data-lane]");
    if (bar) clicked(bar, event);
  });

  // --- keys ----------------------------------------------------------------------------------------------------------
  const help = find("#help"), switched = find("#keys-on");
  const open = find("#help-open");
  open.hidden = false;
  open.addEventListener("click", () => help.showModal());
  try { switched.checked = localStorage.getItem("keys") !== "off"; } catch { /* not kept then */ }
  switched.addEventListener("change", () => {
    try { localStorage.setItem("keys", switched.checked ? "on" : "off"); } catch { /* likewise */ }
  });

  const near = (selector) => (chosen() && find(selector, chosen())) || find(selector);
  const press = (selector) => {
    const there = near(selector);
    if (there) there.click();
    return Boolean(there);
  };
  const go = (selector) => {
    const there = near(selector);
    if (there) { there.focus(); if (there.select) there.select(); }
    return Boolean(there);
  };
  const keys = {
    " ": toggle,
    j: () => step(1),
    k: () => step(-1),
    n: () => go("[data-name]"),
    x: () => press("[data-not]"),
    y: () => press("[data-yes]"),
    s: () => press("[data-skip]"),
    u: () => press("[data-undo]"),
    "/": () => { if (!go("[data-search]")) location.assign("/recordings#q"); },
    "?": () => help.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (help.open) return;
    const typing = event.target.closest("input, textarea, select, audio, [contenteditable]");
    if (typing) {
      if (event.key === "Escape") typing.blur();
      return;
    }
    if (event.key === " " && event.target.closest("button, summary")) return;
    if (!switched.checked && event.key !== " ") return;
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // --- what comes in place of a part of the page -------------------------------------------------------------------
  document.addEventListener("htmx:before:request", (event) => {
    if (event.target.matches('form[method="post"]')) say(words().busy);
  });
  document.addEventListener("htmx:after:swap", () => {
    const told = find("[data-say]");
    if (told && told.dataset.say !== find("#say").textContent) say(told.dataset.say);
    if (playing && !playing.isConnected) playing = null;
    follow();
  });
  document.addEventListener("htmx:error", () => say(words().offline));
  if (location.hash === "#q") go("[data-search]");
  const told = find("[data-say]");
  if (told) setTimeout(() => say(told.dataset.say), 200);
})();
