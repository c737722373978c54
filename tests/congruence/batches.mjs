// Batch jobs by Google's client for JavaScript against the emulator: one line of JSON a call, [name, result].
import { readFile, writeFile } from "node:fs/promises";
import { GoogleGenAI } from "@google/genai";

const ai = new GoogleGenAI({ apiKey: "any" });
const model = "gemini-embedding-2";
const one = (text) => ({ parts: [{ text }] });
const line = (text) => JSON.stringify({ key: text, request: { content: one(text), outputDimensionality: 4 } });
const tell = (name, result) => console.log(JSON.stringify([name, result]));

await writeFile("input.jsonl", [line("a"), line("b")].join("\n"));
const file = await ai.files.upload({ file: "input.jsonl", config: { mimeType: "application/jsonl" } });
const made = await ai.batches.createEmbeddings({ model, src: { fileName: file.name }, config: { displayName: "mine" } });
tell("made", made.state);
const job = await ai.batches.get({ name: made.name });
tell("got", [job.state, job.displayName, job.model]);
await ai.files.download({ file: job.dest.fileName, downloadPath: "output.jsonl" });
const answers = (await readFile("output.jsonl", "utf-8")).trim().split("\n").map(JSON.parse);
tell("answers", answers.map(({ key, response }) => [key, response.embedding.values.length]));

const requests = { contents: [one("a"), one("b")], config: { outputDimensionality: 3 } };
const inline = await ai.batches.createEmbeddings({ model, src: { inlinedRequests: requests } });
const { dest } = await ai.batches.get({ name: inline.name });
tell("inline", dest.inlinedEmbedContentResponses.map(({ response }) => response.embedding.values.length));

const listed = [];
for await (const { name } of await ai.batches.list({ config: { pageSize: 1 } })) listed.push(name);
tell("list", listed.map((name) => ({ [made.name]: "by file", [inline.name]: "inline" })[name]));
await ai.batches.cancel({ name: made.name });
await ai.batches.delete({ name: made.name });
tell("deleted", await ai.batches.get({ name: made.name }).catch((error) => error.status));
