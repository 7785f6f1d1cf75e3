// Writes cases.txt anew with what graphql-js answers:
//   npm install graphql@16 in a directory of its own, then there
//   NODE_PATH=node_modules node .../answers.js .../testdata
const fs = require("fs");
const { buildSchema, graphqlSync } = require("graphql");

const dir = process.argv[2];
const schema = buildSchema(fs.readFileSync(dir + "/schema.graphql", "utf8"));

const sorted = (v) =>
  Array.isArray(v) ? v.map(sorted)
    : v && typeof v === "object" ? Object.fromEntries(Object.keys(v).sort().map((k) => [k, sorted(v[k])]))
      : v;

const fail = (message) => () => { throw new Error(message); };
let count = 0;

// The same data as in data_test.go.
const hero = (name, depth, more) => ({
  __typename: "Hero",
  name, nick: null, age: 30, tags: ["a", "\"b\""], color: "GREEN", strong: true,
  friend: () => (depth > 0 ? hero(name + "F", depth - 1, {}) : null),
  boss: () => (depth > 0 ? hero(name + "B", depth - 1, {}) : null),
  friends: ({ first }) => ["x", "y", "z"].slice(0, first).map((n) => hero(name + n, depth - 1, {})),
  foes: () => [hero(name + "1", 0, {}), null, hero(name + "2", 1, {})],
  rivals: () => [hero(name + "r", 0, {}), hero(name + "s", 1, {})],
  bad: fail("bad " + name), badMust: fail("badMust " + name), none: null,
  ...more,
});
const dog = { __typename: "Dog", name: "Rex", barks: true, owner: () => hero("O", 1, {}) };
const cat = { __typename: "Cat", name: "Tom", lives: 9, owner: () => null };
const root = {
  hero: () => hero("H", 2, {}), must: () => hero("M", 2, {}),
  heroes: () => [hero("A", 1, {}), hero("B", 0, {})], some: () => [hero("A", 1, {}), null, hero("B", 0, {})],
  pet: dog, pets: [dog, cat], beasts: () => [dog, null, cat],
  echo: (args) => ({ text: JSON.stringify(sorted(args)) }),
  fail: fail("fail"), absent: null,
  add: ({ n }) => { count += n; return { n: count, bad: fail("bad counter") }; },
  failing: fail("failing"),
};

const lines = fs.readFileSync(dir + "/cases.txt", "utf8").split("\n");
const out = [];
for (const line of lines) {
  if (line.startsWith("\t") || line === "") {
    if (line === "") out.push("");
    continue;
  }
  out.push(line);
  if (line.startsWith("#")) continue;
  count = 0;
  const [source, values] = line.split("\t");
  const answer = graphqlSync({ schema, source, rootValue: root, variableValues: values ? JSON.parse(values) : undefined });
  const errors = (answer.errors || []).map((e) => ({ message: e.message, path: e.path, locations: e.locations }));
  if (answer.data === undefined) { // the document itself is good
    out.push("\trefused " + JSON.stringify(errors));
    continue;
  }
  out.push("\t" + JSON.stringify(answer.data) + " " + JSON.stringify(errors));
}
fs.writeFileSync(dir + "/cases.txt", out.join("\n").replace(/\n*$/, "\n"));
