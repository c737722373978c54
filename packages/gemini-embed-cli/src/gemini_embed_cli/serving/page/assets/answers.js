"use strict";
// Answers that were written down: what the live page shows, without a server.

const written = JSON.parse(document.getElementById("answers").textContent);

/** The same picture is kept once, however often it was found. */
function sourcesOf({ shown }) {
  const kept = (name) => written.kept[shown[name]];
  return { picture: kept("picture"), page: kept("page"), whole: kept("whole"), large: kept("picture"), media: kept("media"), peaks: () => shown.peaks || [], file: shown.file };
}

function section(answer, number) {
  const asked = answer.media.map((hit) => shownOf(hit, hit.name, sourcesOf(hit))[0]);
  return el("section", { class: "asked", id: `q${number}`, "aria-labelledby": `q${number}-name` },
    el("p", { class: "kind" }, answer.kind), el("h2", { id: `q${number}-name` }, answer.title),
    asked.length ? el("div", { class: "with" }, ...asked) : "",
    answer.note ? el("p", { class: "soft" }, answer.note) : "",
    answer.hits.length ? el("ol", { class: "hits" }, ...answer.hits.map((hit) => card(hit, sourcesOf(hit), null))) : el("p", { class: "soft" }, "Nothing was found."));
}

document.getElementById("found").append(...written.answers.map(section));
if (written.answers.length > 3) {
  const list = el("ol", { class: "contents" }, ...written.answers.map((answer, number) =>
    el("li", {}, el("a", { href: `#q${number}` }, answer.title), el("span", { class: "soft" }, ` ${answer.kind}`))));
  document.getElementById("contents").append(el("details", {}, el("summary", {}, `All ${written.answers.length} questions`), list));
}
