"use strict";
// What is asked with: words, files that were picked, dropped or pasted, a recording of the microphone, a hit.

const LONGEST_S = 120; // of what is spoken; the model hears 180 s

class Query {
  constructor(changed, told) {
    this.words = document.getElementById("words");
    this.list = document.getElementById("parts");
    this.changed = changed;
    this.told = told;
    this.files = [];
    this.like = null;
    this.limits = { files: 4, file_bytes: 20 * 2 ** 20 };
    this.receive();
  }

  get isEmpty() { return !this.words.value.trim() && !this.files.length && !this.like; }

  get label() {
    const words = this.words.value.trim();
    return [this.like ? `like ${this.like.label}` : "", words && `“${words.length > 60 ? `${words.slice(0, 60)}…` : words}”`, ...this.files.map((file) => file.name)].filter(Boolean).join(" + ");
  }

  form(kinds, k) {
    const form = new FormData();
    form.append("k", String(k));
    for (const kind of kinds) form.append("kind", kind);
    if (this.like) form.append("like", this.like.id);
    if (this.words.value.trim()) form.append("words", this.words.value);
    for (const file of this.files) form.append("file", file, file.name);
    return form;
  }

  /** Take these files too, and look for all together. */
  add(files) {
    const given = [...files];
    if (!given.length) return;
    const large = given.find((file) => file.size > this.limits.file_bytes);
    if (large) return this.told(`${large.name} has ${Math.round(large.size / 2 ** 20)} MiB: ${Math.round(this.limits.file_bytes / 2 ** 20)} MiB are read.`);
    if (this.files.length + given.length > this.limits.files) return this.told(`${this.limits.files} files may be combined in one query.`);
    this.like = null;
    this.files.push(...given);
    this.show();
    this.changed();
  }

  alike(hit, label) {
    this.words.value = "";
    this.files = [];
    this.like = { id: hit.id, label };
    this.show();
    this.changed();
  }

  restore({ words, files, like }) {
    this.words.value = words;
    this.files = [...files];
    this.like = like;
    this.show();
  }

  get snapshot() { return { words: this.words.value, files: [...this.files], like: this.like }; }

  show() {
    for (const url of this.urls || []) URL.revokeObjectURL(url);
    this.urls = [];
    const parts = this.files.map((file) => this.part(file.name, this.preview(file), () => { this.files = this.files.filter((one) => one !== file); }));
    if (this.like) parts.unshift(this.part(`Like ${this.like.label}`, null, () => { this.like = null; }));
    this.list.replaceChildren(...parts);
  }

  part(name, preview, remove) {
    const gone = () => { remove(); this.show(); this.words.focus(); if (!this.isEmpty) this.changed(); };
    return el("li", {}, preview, el("span", { title: name }, name), el("button", { type: "button", "aria-label": `Remove ${name}`, onclick: gone }, "×"));
  }

  preview(file) {
    const kind = file.type.split("/")[0];
    if (!["image", "audio", "video"].includes(kind)) return icon(file.type === "application/pdf" ? "pdf" : "text");
    const url = URL.createObjectURL(file);
    this.urls.push(url);
    if (kind === "image") return el("img", { src: url, alt: "" });
    return el(kind, { src: url, controls: kind === "audio", muted: kind === "video", preload: "metadata", "aria-label": file.name });
  }

  /** Files may be dropped anywhere on the page, and pasted. */
  receive() {
    const box = document.getElementById("box"), form = document.getElementById("query");
    const hasFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
    document.addEventListener("dragover", (event) => { if (hasFiles(event)) { event.preventDefault(); box.classList.add("over"); } });
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) box.classList.remove("over"); });
    document.addEventListener("drop", (event) => {
      box.classList.remove("over");
      if (hasFiles(event)) { event.preventDefault(); this.add(event.dataTransfer.files); }
    });
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData ? event.clipboardData.files : [])];
      if (files.length) { event.preventDefault(); this.add(files.map((file) => (file.name ? file : new File([file], "pasted picture", { type: file.type })))); }
    });
    const file = document.getElementById("file");
    file.addEventListener("change", () => { this.add(file.files); file.value = ""; });
    this.words.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
    });
    this.words.addEventListener("input", () => { if (this.like) { this.like = null; this.show(); } });
    document.addEventListener("keydown", (event) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName) && document.activeElement.type !== "checkbox";
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !document.querySelector("dialog[open]")) { event.preventDefault(); this.words.focus(); this.words.select(); }
    });
    this.listen(document.getElementById("speak"));
  }

  /** The microphone: pressed once to speak, once more to look for what was said. */
  listen(button) {
    const words = button.querySelector("span");
    let recorder = null, ticking = 0;
    if (!window.MediaRecorder || !navigator.mediaDevices) {
      button.disabled = true; // browsers give a microphone to https and to this machine only
      button.title = "This browser gives no microphone to a page at this address";
      return;
    }
    const ended = (stream) => { clearInterval(ticking); for (const track of stream.getTracks()) track.stop(); recorder = null; button.setAttribute("aria-pressed", "false"); words.textContent = "Speak"; };
    button.addEventListener("click", async () => {
      if (recorder) return recorder.stop();
      let stream;
      try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); } catch (error) { return this.told(`The microphone cannot be used: ${error.message}.`); }
      const pieces = [], began = Date.now();
      recorder = new MediaRecorder(stream);
      recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
      recorder.addEventListener("stop", () => {
        const type = recorder.mimeType.split(";")[0];
        ended(stream);
        this.add([new File(pieces, `spoken ${clock((Date.now() - began) / 1000)}`, { type })]);
      });
      recorder.start();
      button.setAttribute("aria-pressed", "true");
      words.textContent = "Stop 0:00";
      this.told("Listening. Press Stop to look for what was said.", true);
      ticking = setInterval(() => {
        const seconds = (Date.now() - began) / 1000;
        words.textContent = `Stop ${clock(seconds)}`;
        if (seconds >= LONGEST_S && recorder) recorder.stop();
      }, 250);
    });
  }
}
