"use strict";
// The page over a server: asks, shows, remembers what was asked before.

const FIRST = 12, MORE = 60;
const byId = (id) => document.getElementById(id);
const main = byId("hits"), status = byId("status");
let asking = null, wanted = FIRST;

function tell(words, isFine = false) {
  status.classList.toggle("wrong", Boolean(words) && !isFine);
  status.textContent = words;
}

async function answerOf(response) {
  if (!response.ok) throw new Error((await response.text()) || `The server answered ${response.status}.`);
  return response.json();
}

function sourcesOf(hit, words) {
  const at = `hits/${encodeURIComponent(hit.id)}`, said = words ? `?words=${encodeURIComponent(words)}` : "";
  const anchor = hit.page ? `#page=${hit.page}` : hit.start_s !== undefined && hit.plays ? `#t=${hit.start_s},${hit.end_s}` : "";
  const isFile = !hit.source.includes("://") && !hit.source.startsWith("sha256:");
  return {
    picture: `${at}/picture`, page: `${at}/page${said}`, whole: `${at}/whole${said}`,
    media: hit.plays ? `${at}/file` : `${at}/clip`,
    peaks: () => fetch(`${at}/waveform`).then((response) => (response.ok ? response.json() : [])),
    file: isFile ? `${at}/file${anchor}` : hit.link, large: isFile ? `${at}/file` : `${at}/picture`,
  };
}

const chosen = () => [...document.querySelectorAll("#kinds input:checked")].map((box) => box.value);

const query = new Query(() => search(), tell);

function show(answer, words) {
  const cards = answer.hits.map((hit) => card(hit, sourcesOf(hit, words), (one, label) => { query.alike(one, label); window.scrollTo(0, 0); }));
  const list = el("ol", { class: "hits", id: "list" }, ...cards);
  const more = answer.hits.length === wanted && wanted < MORE
    ? el("p", { class: "tools" }, el("button", { type: "button", class: "tool", onclick: () => { wanted = MORE; search({ again: true }); } }, "Show more")) : "";
  main.replaceChildren(el("h2", { class: "hidden" }, "What was found"), list, more);
}

async function search({ again = false } = {}) {
  if (query.isEmpty) { tell("Type words, drop or paste a picture, or speak.", true); return; }
  if (!again) wanted = FIRST;
  if (asking) asking.abort();
  asking = new AbortController();
  const mine = asking, label = query.label, words = query.words.value.trim(), kinds = chosen(), snapshot = query.snapshot;
  main.setAttribute("aria-busy", "true");
  tell("Searching …", true);
  try {
    const answer = await answerOf(await fetch("search", { method: "POST", body: query.form(kinds, wanted), signal: mine.signal }));
    show(answer, words);
    tell(answer.hits.length ? `${plural(answer.hits.length, "place", "places")} found for ${label}, best first` : `Nothing found for ${label}.`, true);
    document.title = `${label} – ${byId("folder").textContent}`;
    remember({ snapshot, kinds, answer, words, told: status.textContent });
  } catch (error) {
    if (error.name === "AbortError") return;
    tell(error instanceof TypeError ? "The server does not answer: is it still running?" : error.message);
  } finally {
    if (asking === mine) { asking = null; main.removeAttribute("aria-busy"); }
  }
}

// Back and forward lead through what was asked, without asking again.
const past = [];
function remember(one) {
  const at = history.state === null ? 0 : history.state.at + 1;
  past.length = at;
  past.push(one);
  if (history.state === null) history.replaceState({ at }, ""); else history.pushState({ at }, "");
}
window.addEventListener("popstate", (event) => {
  const one = event.state && past[event.state.at];
  if (!one) return;
  query.restore(one.snapshot);
  for (const box of document.querySelectorAll("#kinds input")) box.checked = one.kinds.includes(box.value);
  show(one.answer, one.words);
  tell(one.told, true);
});

function narrow() {
  if (!query.isEmpty) { search(); return; }
  if (byId("speak").getAttribute("aria-pressed") === "true") return; // the status tells that it listens
  const among = chosen().map((kind) => KINDS[kind].many).join(", ");
  tell(among ? `Among ${among}: type words, drop or paste a picture, or speak.` : "", true);
}

function kindsOf(counts) {
  const there = Object.entries(counts).filter(([, count]) => count);
  byId("kinds").hidden = there.length < 2;
  byId("kinds").append(...there.map(([kind, count]) => el("label", {},
    el("input", { type: "checkbox", value: kind, onchange: narrow }), icon(kind), KINDS[kind].many, el("span", {}, count.toLocaleString("en")))));
}

async function begin() {
  history.replaceState(null, "");
  byId("query").addEventListener("submit", (event) => { event.preventDefault(); search(); });
  try {
    const about = await answerOf(await fetch("about"));
    query.limits = about.limits;
    byId("folder").textContent = about.folder;
    byId("folder").title = about.path;
    document.title = `Search ${about.folder}`;
    const count = Object.values(about.kinds).reduce((sum, one) => sum + one, 0);
    byId("about").textContent = `${plural(count, "place", "places")} in texts, pictures, pages, recordings and videos, embedded with ${about.model}${about.emulator ? " (emulated)" : ""}`;
    byId("banner").hidden = !about.emulator;
    kindsOf(about.kinds);
  } catch (error) { tell(error.message); }
}

begin();
