"use strict";
// A hit as a card. `sources` says where its picture, its page, its medium and its file are.

function excerptOf(hit) {
  if (!hit.excerpt || !hit.excerpt.length) return null;
  return el("p", { class: "excerpt" }, ...hit.excerpt.map((piece) => (piece.marked ? el("mark", {}, piece.text) : piece.text)));
}

/** A picture that is shown large when it is clicked; a sentence where it cannot be shown. */
function enlarging(hit, label, sources, picture, large, alt, kind) {
  const image = el("img", { src: picture, alt, loading: "lazy" });
  const frame = el("div", { class: `frame ${kind}` });
  const button = el("button", { type: "button", "aria-label": `Enlarge ${label}. ${alt}` }, image);
  image.addEventListener("error", () => frame.replaceChildren(el("p", { class: "none" }, "It cannot be shown (any more).")));
  button.addEventListener("click", () => enlarged(label, large, picture, alt, sources.file));
  frame.append(button);
  return frame;
}

function enlarged(label, large, small, alt, file) {
  const picture = document.getElementById("large-picture");
  picture.onerror = () => { picture.onerror = null; picture.src = small; };
  picture.src = large;
  picture.alt = alt;
  document.getElementById("large-name").textContent = label;
  const link = document.getElementById("large-file");
  link.hidden = !file;
  if (file) link.href = file;
  document.getElementById("large").showModal();
}

function shownOf(hit, label, sources) {
  const said = (hit.excerpt || []).map((piece) => piece.text).join("").slice(0, 160);
  if (hit.modality === "image") return [enlarging(hit, label, sources, sources.picture, sources.large, `Picture ${hit.name}`, "image"), excerptOf(hit)];
  if (hit.modality === "pdf") {
    const alt = said ? `Page ${hit.page}: ${said}` : `Page ${hit.page}`;
    return [enlarging(hit, label, sources, sources.page, sources.whole, alt, "page")];
  }
  if (hit.modality === "audio") return [heard(hit, label, sources), excerptOf(hit)];
  if (hit.modality === "video") return [watched(hit, label, sources), excerptOf(hit)];
  return [excerptOf(hit)];
}

/** `similar` is called when the like of it is wanted; null: there is nobody to ask. */
function card(hit, sources, similar) {
  const label = hit.place ? `${hit.name}, ${hit.place}` : hit.name;
  const score = Object.is(Math.round(hit.score * 100), -0) ? 0 : hit.score;
  const tip = `Cosine similarity ${score.toFixed(2)}. It cannot be compared between kinds.`;
  const name = sources.file ? el("a", { href: sources.file, target: "_blank", rel: "noopener", title: hit.link }, hit.name) : hit.name;
  const rank = el("button", { type: "button", class: "rank", "aria-label": `Rank ${hit.rank}. ${tip}` }, String(hit.rank), el("span", { class: "tip", "aria-hidden": "true" }, tip));
  const kind = (KINDS[hit.modality] || KINDS.mixed).one;
  const folder = hit.source.includes("/") && !hit.source.includes("://") ? hit.source.slice(0, hit.source.lastIndexOf("/")) : "";
  const place = [hit.place || kind, folder && `in ${folder}`].filter(Boolean).join(" · ");
  const more = similar && el("button", { type: "button", class: "tool", "aria-label": `Similar to ${label}`, onclick: () => similar(hit, label) }, "Similar");
  return el("li", {}, el("article", { class: "card", "aria-label": `${hit.rank}. ${kind}: ${label}` },
    el("header", {}, rank, el("h3", {}, name)),
    el("p", { class: "place" }, icon(hit.modality), el("span", {}, place)),
    ...shownOf(hit, label, sources).filter(Boolean),
    el("footer", {}, more || "")));
}
