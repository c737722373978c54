// What Google's client for JavaScript makes of the emulator's answers: one line of JSON a call, [name, result].
import { GoogleGenAI } from "@google/genai";

const ai = new GoogleGenAI({ apiKey: "any" });
const vertex = new GoogleGenAI({ vertexai: true, apiKey: "any" });
const [small, old] = ["gemini-embedding-2", "gemini-embedding-001"];
const one = (text) => ({ parts: [{ text }] });
const image = { inlineData: { mimeType: "image/png", data: process.argv[2] } };
const sizes = (reply) => reply.embeddings.map((row) => row.values.length);

const calls = {
  "texts are one content": () => ai.models.embedContent({ model: small, contents: ["a", "b"] }).then(sizes),
  "contents are apart": () =>
    ai.models.embedContent({ model: small, contents: [one("a"), one("b")], config: { outputDimensionality: 8 } }).then(sizes),
  "text and image": () => ai.models.embedContent({ model: small, contents: [{ parts: [{ text: "a" }, image] }] }).then(sizes),
  "task and title": () =>
    ai.models.embedContent({ model: old, contents: ["a", "b"], config: { taskType: "RETRIEVAL_DOCUMENT", title: "t" } }).then(sizes),
  tokens: async () => (await ai.models.countTokens({ model: small, contents: "Hello, world!" })).totalTokens,
  model: async () => (await ai.models.get({ model: small })).displayName,
  models: async () => (await ai.models.list()).page.map((model) => model.name),
  file: async () => {
    const { name } = await ai.files.upload({ file: new Blob(["%PDF-1.4"], { type: "application/pdf" }) });
    const { state, sizeBytes } = await ai.files.get({ name });
    await ai.files.delete({ name });
    return [state, sizeBytes];
  },
  "no such model": () => ai.models.embedContent({ model: "nope", contents: "a" }),
  generation: () => ai.models.generateContent({ model: "gemini-3-flash", contents: "a" }),
  "vertex, embedContent": () => vertex.models.embedContent({ model: small, contents: "a" }).then(sizes),
  "vertex, predict": async () => (await vertex.models.embedContent({ model: old, contents: "a" })).embeddings[0].statistics,
  "vertex, tokens": async () => (await vertex.models.computeTokens({ model: small, contents: "a b" })).tokensInfo[0].tokens,
  "vertex, model": async () => (await vertex.models.get({ model: small })).name,
};
for (const [name, call] of Object.entries(calls)) {
  const result = await call().catch((error) => error.status ?? String(error));
  console.log(JSON.stringify([name, result]));
}
