// Shows /openapi.json and tries calls. No library and no other origin; the key stays in this page.
"use strict";

const byId = (id) => document.getElementById(id);

/** Make an element; text is set as text, so nothing of the document can become markup. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A paragraph in which `words` between backticks are code. */
function prose(text) {
  const parts = text.split("`").map((part, n) => (n % 2 ? make("code", {}, part) : part));
  return make("p", {}, ...parts);
}

/** Write a schema as an outline that a person can read. */
function outline(schema, all, depth = 0, seen = []) {
  if (!schema) return "any";
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    if (seen.includes(name) || depth > 5) return name;
    return outline(all[name], all, depth, [...seen, name]);
  }
  const choices = schema.anyOf || schema.oneOf;
  if (choices) return choices.map((one) => outline(one, all, depth, seen)).join(" or ");
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.type === "array") return `[ ${outline(schema.items, all, depth, seen)} ]`;
  if (schema.properties) {
    const pad = "  ".repeat(depth + 1);
    const required = schema.required || [];
    const lines = Object.entries(schema.properties).map(([name, one]) => {
      const mark = required.includes(name) ? "" : "?";
      return `${pad}${name}${mark}: ${outline(one, all, depth + 1, seen)}`;
    });
    return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`;
  }
  const limits = ["format", "minimum", "maximum", "minLength", "maxLength"]
    .filter((name) => schema[name] !== undefined)
    .map((name) => `${name} ${schema[name]}`);
  return (schema.type || "any") + (limits.length ? ` (${limits.join(", ")})` : "");
}

function fieldsOf(operation) {
  const box = make("div", { class: "fields" });
  for (const one of operation.parameters || []) {
    const input = make("input", { "data-in": one.in, "data-name": one.name, spellcheck: "false" });
    if (one.schema.default !== undefined) input.placeholder = String(one.schema.default);
    box.append(make("label", {}, one.name + (one.required ? " (needed)" : ""), input));
  }
  return box;
}

/** Build the URL of a call from what was typed. */
function urlOf(path, box) {
  const query = new URLSearchParams();
  for (const input of box.querySelectorAll("input")) {
    const { in: place, name } = input.dataset;
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(input.value));
    else if (input.value !== "") query.set(name, input.value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Make inputs for the fields of a form, files among them. */
function formOf(schema, all) {
  const box = make("div", { class: "fields" });
  const whole = schema.$ref ? all[schema.$ref.split("/").pop()] : schema;
  for (const [name, one] of Object.entries(whole.properties)) {
    const needed = (whole.required || []).includes(name) ? " (needed)" : "";
    const kind = one.format === "binary" ? "file" : "text";
    box.append(make("label", {}, name + needed, make("input", { type: kind, "data-name": name })));
  }
  return box;
}

/** Read a form as it is sent; fields that are empty are left out. */
function readForm(box) {
  const form = new FormData();
  for (const input of box.querySelectorAll("input")) {
    const value = input.files ? input.files[0] : input.value;
    if (value) form.append(input.dataset.name, value);
  }
  return form;
}

async function send(method, url, body) {
  const headers = {};
  const key = byId("key").value.trim();
  if (key) headers.authorization = `Bearer ${key}`;
  // Of a form the browser says the type itself, with the boundary that it draws.
  if (typeof body === "string") headers["content-type"] = "application/json";
  const started = performance.now();
  const answer = await fetch(url, { method, headers, body, credentials: "omit" });
  const text = await answer.text();
  const took = Math.round(performance.now() - started);
  return { line: `${answer.status} ${answer.statusText} · ${took} ms`, text: pretty(text) };
}

function trial(method, path, read, box) {
  const status = make("span", { class: "status", role: "status" });
  const shown = make("pre", { hidden: "" });
  const button = make("button", { type: "button" }, "Try it");
  button.addEventListener("click", async () => {
    status.textContent = "…";
    try {
      const result = await send(method, urlOf(path, box), read());
      status.textContent = result.line;
      shown.textContent = result.text || "(no body)";
      shown.hidden = false;
    } catch (error) {
      status.textContent = `no answer: ${error.message}`;
    }
  });
  return [button, status, shown];
}

function answersOf(operation, all) {
  const parts = [];
  for (const [status, answer] of Object.entries(operation.responses)) {
    const json = answer.content && answer.content["application/json"];
    if (status < "300") {
      parts.push(make("h3", {}, `Answer ${status}`));
      const others = Object.keys(answer.content || {}).filter((kind) => kind !== "application/json");
      const said = [...(json ? [outline(json.schema, all)] : []), ...others];
      parts.push(make("pre", {}, said.join("\nor ") || "no body"));
    }
  }
  const refusals = Object.entries(operation.responses).filter(([status]) => status >= "300");
  const lines = refusals.map(([status, answer]) => `${status}  ${answer.description}`);
  if (lines.length) parts.push(make("h3", {}, "Refusals"), make("pre", {}, lines.join("\n")));
  return parts;
}

function inside(method, path, operation, all) {
  const box = fieldsOf(operation);
  const bodies = operation.requestBody ? operation.requestBody.content : {};
  const content = bodies["application/json"];
  const form = bodies["multipart/form-data"];
  let read = () => null;
  const parts = [];
  if (operation.description) parts.push(prose(operation.description));
  if (box.children.length) parts.push(make("h3", {}, "Parameters"), box);
  if (content) {
    const area = make("textarea", { "aria-label": "Request body", spellcheck: "false" });
    area.value = JSON.stringify(content.example === undefined ? {} : content.example, null, 2);
    read = () => area.value;
    parts.push(make("h3", {}, "Body"), area);
  } else if (form) {
    const fields = formOf(form.schema, all);
    read = () => readForm(fields);
    parts.push(make("h3", {}, "Form"), fields);
  }
  parts.push(...trial(method, path, read, box));
  if (content) parts.push(make("h3", {}, "Body schema"), make("pre", {}, outline(content.schema, all)));
  return make("div", { class: "inside" }, ...parts, ...answersOf(operation, all));
}

/** One operation; what is inside is made when it is opened first. */
function entry(method, path, operation, all) {
  const title = make(
    "summary", {},
    make("span", { class: `method ${method}` }, method.toUpperCase()),
    make("span", { class: "path" }, path),
    make("span", { class: "about" }, operation.summary),
  );
  const details = make("details", { class: "operation", id: operation.operationId }, title);
  details.dataset.words = `${method} ${path} ${operation.summary}`.toLowerCase();
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) {
      details.append(inside(method.toUpperCase(), path, operation, all));
    }
  });
  return details;
}

/** Links to the groups, those of each wire below its name. */
function linksTo(wires) {
  for (const { name: wire, tags } of wires) {
    byId("tags").append(make("strong", {}, wire));
    for (const tag of tags) {
      byId("tags").append(make("a", { href: `#tag-${tag}` }, tag.replace(`${wire}: `, "")));
    }
  }
}

function show(spec) {
  const all = spec.components.schemas;
  byId("version").textContent = spec.info.version;
  const groups = new Map(spec.tags.map(({ name }) => [name, []]));
  for (const [path, methods] of Object.entries(spec.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      groups.get(operation.tags[0]).push(entry(method, path, operation, all));
    }
  }
  byId("operations").replaceChildren();
  linksTo(spec["x-tagGroups"]);
  for (const [name, entries] of groups) {
    const heading = make("h2", { id: `tag-${name}` }, name);
    byId("operations").append(make("section", {}, heading, ...entries));
  }
}

function search() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const section of document.querySelectorAll("section")) {
    for (const one of section.querySelectorAll("details.operation")) {
      one.hidden = !words.every((word) => one.dataset.words.includes(word));
    }
    section.hidden = !section.querySelector("details.operation:not([hidden])");
  }
}

async function start() {
  try {
    show(await (await fetch("/openapi.json", { credentials: "omit" })).json());
  } catch (error) {
    byId("operations").textContent = `The description cannot be read: ${error.message}`;
    return;
  }
  byId("search").addEventListener("input", search);
  const wanted = document.getElementById(location.hash.slice(1));
  if (wanted) {
    wanted.open = true;
    wanted.scrollIntoView();
  }
}

start();
