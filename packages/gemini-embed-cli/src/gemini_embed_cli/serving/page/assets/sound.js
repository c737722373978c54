"use strict";
// Recordings and videos, played from the second that was found to the last one of it.

const PLAY = ["M8 5.5v13l11-6.5z"];
const PAUSE = ["M7 5h4v14H7z", "M13 5h4v14h-4z"];

/** The stretch of a medium that was found, once its length is known: a clip of it ends where it ends. */
function stretch(medium, hit) {
  const known = Number.isFinite(medium.duration);
  if (hit.start_s === undefined) return [0, known ? medium.duration : Infinity];
  if (hit.plays) return [hit.start_s, hit.end_s];
  const length = hit.end_s - hit.start_s;
  return known ? [Math.max(0, medium.duration - length), medium.duration] : [0, length];
}

/** Go to where it begins when it can, and stop where it ends. */
function held(medium, hit) {
  medium.addEventListener("loadedmetadata", () => { medium.currentTime = stretch(medium, hit)[0]; });
  medium.addEventListener("timeupdate", () => {
    const [start, end] = stretch(medium, hit);
    if (medium.currentTime >= end && !medium.paused) { medium.pause(); medium.currentTime = start; }
  });
  medium.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio, video")) if (other !== medium) other.pause();
  });
  return medium;
}

/** A waveform to play and to seek in; bars of even height where there is none. */
function heard(hit, label, sources) {
  const audio = held(el("audio", { preload: "none", src: sources.media }), hit);
  const length = () => { const [start, end] = stretch(audio, hit); return end - start; };
  const button = el("button", { type: "button", "aria-label": `Play ${label}` }, drawn(PLAY));
  const place = el("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": `Position in ${label}` });
  const told = el("output", { "aria-hidden": "true" }, hit.end_s === undefined ? "" : clock(hit.end_s - (hit.start_s || 0)));
  const wave = document.createElementNS(SVG, "svg");
  const bars = (peaks) => {
    wave.setAttribute("viewBox", `0 0 ${peaks.length * 3} 100`);
    wave.setAttribute("preserveAspectRatio", "none");
    wave.setAttribute("aria-hidden", "true");
    const top = Math.max(...peaks, 0.05);
    wave.replaceChildren(...peaks.map((peak, number) => {
      const height = Math.max(4, Math.sqrt(peak / top) * 100);
      const bar = document.createElementNS(SVG, "rect");
      for (const [key, value] of Object.entries({ x: number * 3, y: 50 - height / 2, width: 2, height, rx: 1 })) bar.setAttribute(key, value);
      return bar;
    }));
  };
  bars(Array(60).fill(0.01));
  Promise.resolve(sources.peaks()).then((peaks) => peaks && peaks.length && bars(peaks)).catch(() => {});
  const shown = () => {
    const [start] = stretch(audio, hit);
    const part = Number.isFinite(length()) ? Math.max(0, audio.currentTime - start) / length() : 0;
    place.value = String(Math.round(part * 1000));
    place.setAttribute("aria-valuetext", `${clock(audio.currentTime - start)} of ${clock(length())}`);
    told.textContent = clock(audio.paused && part === 0 ? length() : audio.currentTime - start);
    const count = wave.children.length;
    [...wave.children].forEach((bar, number) => bar.classList.toggle("played", number < part * count));
  };
  audio.addEventListener("timeupdate", shown);
  audio.addEventListener("seeked", shown);
  const toggled = () => {
    button.replaceChildren(drawn(audio.paused ? PLAY : PAUSE));
    button.setAttribute("aria-label", `${audio.paused ? "Play" : "Pause"} ${label}`);
  };
  audio.addEventListener("play", toggled);
  audio.addEventListener("pause", toggled);
  button.addEventListener("click", () => { if (audio.paused) audio.play().catch(() => {}); else audio.pause(); });
  place.addEventListener("input", () => {
    const [start] = stretch(audio, hit);
    const seek = () => { audio.currentTime = start + (Number(place.value) / 1000) * length(); };
    if (audio.readyState > 0) seek();
    else { audio.addEventListener("loadedmetadata", seek, { once: true }); audio.load(); }
  });
  return el("div", { class: "heard" }, button, el("div", { class: "wave" }, wave, place), told, audio);
}

/** A frame of the video that becomes a player when it is clicked. */
function watched(hit, label, sources) {
  const frame = el("div", { class: "frame" });
  const poster = el("img", { src: sources.picture, alt: `Frame of ${label}`, loading: "lazy" });
  const button = el("button", { class: "play", type: "button", "aria-label": `Play ${label}` }, poster, drawn(PLAY));
  button.addEventListener("click", () => {
    const video = held(el("video", { controls: true, src: sources.media, "aria-label": label, playsinline: true }), hit);
    video.addEventListener("error", () => frame.replaceChildren(el("p", { class: "none" }, "This browser cannot play it. Open the file by its name.")));
    frame.replaceChildren(video);
    video.play().catch(() => {});
    video.focus();
  });
  frame.append(button);
  return frame;
}
