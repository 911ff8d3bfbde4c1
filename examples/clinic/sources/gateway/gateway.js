// The clinic's HTTP API. It holds nothing from one request to the next.
import records from "clinic:records/store";
import anonymizer from "clinic:privacy/anonymizer";
import stats from "clinic:analytics/stats";
import layout from "clinic:print/layout";
import mailer from "clinic:mail/mailer";
import registry from "clinic:registry/cases";
import templates from "tinytext:templates/render@1.4.2";
import logging from "wasi:logging/logging@0.1.0-draft";
import http from "wasi:http/types@0.2.12";
import { decodeUtf8, encodeUtf8 } from "./utf8.js";

const LONGEST_BODY = 64 * 1024;

/** What a request is answered with when it is not 200. */
class Refusal {
  constructor(status, title, detail) {
    Object.assign(this, { status, title, detail });
  }
}

const LETTER = "Dear {{name}},\nyour diagnosis is: {{diagnosis}}.\nYour clinic";

const routes = [
  ["POST", "/patients", (_, body) => [201, { id: records.add(draftOf(body)) }]],
  ["GET", "/patients", () => [200, records.ids().map(id => records.get(id))]],
  ["GET", "/patients/*", id => [200, records.get(id)]],
  ["POST", "/visits/*", id => [200, { visits: stats.add(anonymizer.anonymize(id)) }]],
  ["GET", "/stats", () => [200, stats.byDiagnosis().map(count => ({ ...count, decades: [...count.decades] }))]],
  ["POST", "/reminders/*", id => [202, mail(records.contact(id), "Your appointment", "You have an appointment tomorrow.")]],
  ["POST", "/results/*", id => {
    const patient = records.get(id);
    return [202, mail(patient.email, "Your results", `${patient.name}: ${patient.diagnosis}`)];
  }],
  ["POST", "/letters/*", id => {
    const { name, diagnosis } = records.get(id);
    return [200, { letter: templates.render(LETTER, [{ name: "name", text: name }, { name: "diagnosis", text: diagnosis }]) }];
  }],
  ["POST", "/newsletter", (_, body) => [202, mail("all@patients.example", "News", templates.render(textOf(body), []))]],
  ["POST", "/cards/*", id => {
    const patient = records.get(id);
    return [200, { card: printed(`APPOINTMENT\n${patient.name}, born ${patient.born}\n${patient.diagnosis}\n${patient.notes}`) }];
  }],
  ["POST", "/notices", (_, body) => [202, mail("waiting-room@clinic.example", "Notice", printed(textOf(body)))]],
  ["POST", "/registry/*", (id, body) => {
    const submission = body.detail === "full" ? { tag: "full", val: records.get(id) } : { tag: "anonymous", val: anonymizer.anonymize(id) };
    return [202, { reference: registry.submit(submission) }];
  }],
];

const mail = (to, subject, body) => ({ relay: mailer.send({ to, subject, body }) });
const printed = text => decodeUtf8(layout.page(text));

export const incomingHandler = {
  handle(request, out) {
    let status, body, type = "application/json";
    try {
      [status, body] = answer(request);
    } catch (thrown) {
      const refusal = refusalOf(thrown);
      logging.log(refusal.status < 500 ? "warn" : "error", "gateway", `${refusal.status} ${refusal.title}: ${refusal.detail}`);
      ({ status } = refusal);
      body = { title: refusal.title, status, detail: refusal.detail };
      type = "application/problem+json";
    }
    respond(out, status, type, encodeUtf8(JSON.stringify(body) + "\n"));
  },
};

function answer(request) {
  const method = request.method().tag.toUpperCase();
  const path = (request.pathWithQuery() ?? "/").split("?")[0];
  let pathIsKnown = false;
  for (const [verb, pattern, run] of routes) {
    const isWithId = pattern.endsWith("/*");
    const stem = isWithId ? pattern.slice(0, -1) : pattern;
    const id = isWithId && path.startsWith(stem) ? path.slice(stem.length) : undefined;
    if (isWithId ? !id || id.includes("/") : path !== pattern) continue;
    pathIsKnown = true;
    if (verb === method) return run(id, method === "POST" ? bodyOf(request) : undefined);
  }
  throw pathIsKnown ? new Refusal(405, "Method not allowed", `${method} ${path}`) : new Refusal(404, "Not found", `there is nothing at ${path}`);
}

function bodyOf(request) {
  const chunks = [];
  let length = 0;
  const body = request.consume();
  const stream = body.stream();
  try {
    for (;;) {
      const chunk = stream.blockingRead(16384);
      length += chunk.length;
      if (length > LONGEST_BODY) throw new Refusal(413, "Too large", `a body takes ${LONGEST_BODY} bytes`);
      chunks.push(...chunk);
    }
  } catch (thrown) {
    if (errorOf(thrown)?.tag !== "closed") throw thrown;
  } finally {
    stream[Symbol.dispose]();
    body[Symbol.dispose]();
  }
  if (length === 0) return {};
  let value;
  try {
    value = JSON.parse(decodeUtf8(chunks));
  } catch {
    throw new Refusal(400, "Bad request", "the body is no JSON");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Refusal(400, "Bad request", "expected a JSON object");
  return value;
}

function draftOf({ name, born, email = "", diagnosis, notes = "" }) {
  for (const [field, value] of Object.entries({ name, email, diagnosis, notes })) {
    if (typeof value !== "string") throw new Refusal(400, "Bad request", `expected a string in '${field}'`);
  }
  if (!Number.isInteger(born) || born < 0 || born > 65535) throw new Refusal(400, "Bad request", "expected a year in 'born'");
  return { name, born, email, diagnosis, notes };
}

function textOf({ text }) {
  if (typeof text !== "string") throw new Refusal(400, "Bad request", "expected a string in 'text'");
  return text;
}

/** The error of a WIT result, which an import throws. */
function errorOf(thrown) {
  const error = thrown?.payload ?? thrown;
  return typeof error?.tag === "string" ? error : undefined;
}

function refusalOf(thrown) {
  if (thrown instanceof Refusal) return thrown;
  const error = errorOf(thrown);
  switch (error?.tag) {
    case "not-found": return new Refusal(404, "Not found", error.val);
    case "invalid": case "malformed": return new Refusal(422, "Not acceptable", error.val);
    case "denied": return new Refusal(403, "Denied by policy", error.val);
    case "unavailable": case "storage": return new Refusal(502, "Unavailable", error.val);
    default: return new Refusal(500, "Failed", String(thrown));
  }
}

function respond(out, status, type, bytes) {
  const headers = new http.Fields();
  headers.append("content-type", encodeUtf8(type));
  const response = new http.OutgoingResponse(headers);
  response.setStatusCode(status);
  const body = response.body();
  http.ResponseOutparam.set(out, { tag: "ok", val: response });
  const stream = body.write();
  for (let at = 0; at < bytes.length; at += 4096) stream.blockingWriteAndFlush(bytes.subarray(at, at + 4096));
  stream[Symbol.dispose]();
  http.OutgoingBody.finish(body, null);
}
