// Events as a Node script makes them: a template literal, compiled once.
//
// usage: node template.mjs EVENTS <EVENT
//
// Reads one CreateComputePool event and writes as many that look like it, with random values in the same places. Written
// as people write such scripts: values by what Node has, one function, few writes.

import { randomUUID } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const WORDS = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "indigo", "jasper"];

const REGIONS = ["us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1"];
const SIZES = [5, 10, 20, 30, 40, 50];

// A function that gives the event's text with other values where its own sixteen are.
function templateOf(event) {
  const { id, time, data } = JSON.parse(event);
  const [resource] = data.cloudResources;
  const { principal } = data.authenticationInfo;
  const { spec, metadata, status } = data.result.data;
  const values = [
    [`"updated_at":"${metadata.updated_at}"`, '"updated_at":"${v.updated}"'],
    [`"max_cfu":${spec.max_cfu}`, '"max_cfu":${v.size}'],
    [`"current_cfu":${status.current_cfu}`, '"current_cfu":${v.used}'],
    [`"phase":"${status.phase}"`, '"phase":"${v.phase}"'],
    [spec.display_name, `${spec.display_name.slice(0, -4)}\${v.digits}`],
    [spec.region, "${v.region}"],
    [resource.scope.resources[0].resourceId, "${v.organization}"],
    [resource.scope.resources[1].resourceId, "${v.environment}"],
    [resource.resource.resourceId, "${v.pool}"],
    [principal.email, "${v.email}"],
    [principal.confluentUser.resourceId, "${v.user}"],
    [data.requestMetadata.requestId[0], "${v.request}"],
    [data.requestMetadata.clientAddress[0].ip, "${v.ip}"],
    [metadata.created_at, "${v.created}"],
    [id, "${v.id}"],
    [time, "${v.time}"],
  ];
  let text = event.replace(/[\\`$]/g, "\\$&");
  for (const [value, name] of values) text = text.replaceAll(value, () => name);
  return new Function("v", "return `" + text + "`");
}

const below = (bound) => Math.floor(Math.random() * bound);
const oneOf = (all) => all[below(all.length)];
const name = (prefix) => prefix + Array.from({ length: 6 }, () => oneOf(LETTERS)).join("");
const micros = (date) => `${date.toISOString().slice(0, 23)}${String(below(1000)).padStart(3, "0")}`;

function write(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}

const template = templateOf(readFileSync(0, "utf8").trimEnd());
const organization = randomUUID();
const environments = Array.from({ length: 6 }, () => name("env-"));
const users = WORDS.flatMap((one) =>
  WORDS.slice(0, 4).map((other) => [name("u-"), `${one}.${other}@example.com`]),
);
const begin = Date.parse("2026-01-05T08:00:00Z");
let lines = "";
for (let number = 0; number < Number(process.argv[2]); number++) {
  const now = new Date(begin + number * 10);
  const created = micros(new Date(now - 50 - below(50)));
  const [user, email] = oneOf(users);
  lines += template({
    updated: `${created}Z`,
    size: oneOf(SIZES),
    used: 0,
    phase: "PROVISIONING",
    digits: String(below(10_000)).padStart(4, "0"),
    region: oneOf(REGIONS),
    organization,
    environment: oneOf(environments),
    pool: name("lfcp-"),
    email,
    user,
    request: randomUUID().replaceAll("-", ""),
    ip: `198.51.100.${below(256)}`,
    created: `${created}Z`,
    id: randomUUID(),
    time: `${micros(now)}${String(below(1000)).padStart(3, "0")}Z`,
  });
  lines += "\n";
  if (number % 64 === 63) {
    write(lines);
    lines = "";
  }
}
write(lines);
