"use strict";
// Elements and words. What is found is only ever text here, never markup.

const SVG = "http://www.w3.org/2000/svg";

const KINDS = {
  text: { one: "text", many: "Texts", icon: ["M6 4h12M6 9h12M6 14h12M6 19h7"] },
  image: { one: "picture", many: "Pictures", icon: ["M4 5h16v14H4z", "m4 16 4.5-4.5 4 4L16 12l4 4", "M9 9h.01"] },
  pdf: { one: "page", many: "PDF pages", icon: ["M6 3h8l4 4v14H6z", "M14 3v4h4", "M9 12h6M9 16h6"] },
  audio: { one: "recording", many: "Recordings", icon: ["M5 10v4M9 7v10M13 4v16M17 8v8M21 11v2"] },
  video: { one: "video", many: "Videos", icon: ["M4 6h11v12H4z", "m15 10.5 5-3v9l-5-3"] },
  mixed: { one: "mixed", many: "Mixed", icon: ["M4 4h7v7H4z", "M13 13h7v7h-7z"] },
};

/** An element with attributes (`on...` are listeners) and children (strings are text). */
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function drawn(paths, attributes = {}) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", ...attributes })) svg.setAttribute(key, value);
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

const icon = (kind) => drawn((KINDS[kind] || KINDS.mixed).icon);

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

const plural = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
