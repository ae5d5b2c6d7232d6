// Twenty collections as somebody in a hurry, or of a strange mind, would define them: names that mean something to
// programs, every type in every shape, bounds and patterns that hardly leave room, relations in circles.
import { fieldTypes } from "@landfall/client/wire";

interface OddCollection {
  readonly name: string;
  readonly fields: readonly object[];
  readonly rules?: object;
}

const field = (name: string, type: string, more: object = {}) => ({ name, type, ...more });
const plain = fieldTypes.filter((type) => !["select", "relation"].includes(type));
const all = (more: object = {}) =>
  plain.filter((type) => type !== "autodate").map((type) => field(`a${type}`, type, more));

/** In an order in which they can be made: a relation points to what is there. */
export const oddCollections: readonly OddCollection[] = [
  { name: "empty", fields: [] },
  { name: "records", fields: [field("records", "text"), field("collections", "text")] },
  { name: "async", fields: [field("await", "text"), field("then", "integer"), field("name", "json"), field("length", "text")] },
  { name: "default", fields: [field("default", "text"), field("class", "bool"), field("interface", "text", { required: true })] },
  { name: "import", fields: [field("export", "text"), field("delete", "json"), field("items", "text", { many: true })] },
  { name: "errorsOrNot", fields: [field("code", "integer"), field("status", "text"), field("detail", "json")] },
  { name: "x", fields: [field("y", "number")] },
  { name: "xRecord", fields: [field("z", "number", { min: -1.5, max: -0.5 })] },
  { name: "eachType", fields: [...all(), field("auto", "autodate", { on: "update" }), field("pick", "select", { values: ["a b", "ü", "'"] })] },
  { name: "eachRequired", fields: [...all({ required: true }), field("pick", "select", { values: ["–"], required: true })] },
  { name: "eachMany", fields: [...all({ many: true }), field("pick", "select", { values: ["one", "two"], many: true })] },
  { name: "eachManyRequired", fields: all({ many: true, required: true }) },
  { name: "eachHidden", fields: all({ hidden: true }) },
  {
    name: "tight",
    fields: [
      field("exact", "text", { min: 3, max: 3, required: true }),
      field("plate", "text", { pattern: "^[A-Z]{1,3}-[A-Z]{1,2} [1-9][0-9]{0,3}$", required: true }),
      field("slug", "text", { pattern: "^[a-z0-9]+(-[a-z0-9]+)*$", min: 12, max: 40, required: true }),
      field("quoted", "text", { pattern: '^\\"(yes|no)\\"$', required: true }),
      field("mail", "email", { max: 8, required: true }),
      field("page", "url", { min: 40, required: true }),
      field("whole", "integer", { min: 7, max: 7, required: true }),
      field("price", "decimal", { min: "100.00", max: "100.25", required: true }),
      field("day", "date", { min: "2030-02-28", max: "2030-03-01", required: true }),
      field("at", "datetime", { min: "1999-12-31T23:59:59Z", max: "2000-01-01T00:00:00Z", required: true }),
    ],
  },
  {
    name: "defaults",
    fields: [
      field("word", "text", { default: "", required: true }),
      field("off", "bool", { default: false, required: true }),
      field("none", "integer", { default: 0 }),
      field("list", "text", { many: true, default: ["a", "b"] }),
      field("tree", "json", { default: { deep: [1, null, "x"] } }),
      field("spot", "geo", { default: { lat: 0, lng: 0 } }),
    ],
  },
  { name: "tree", fields: [field("parent", "relation", { collection: "tree", inverse: "children" })] },
  {
    name: "links",
    fields: [
      field("one", "relation", { collection: "tree", onDelete: "setNull", inverse: "linked" }),
      field("others", "relation", { collection: "eachType", many: true }),
    ],
  },
  { name: "open", fields: [field("list", "text"), field("query", "text")], rules: { list: "true" } },
  { name: "wide", fields: Array.from({ length: 120 }, (_, at) => field(`field${at}`, plain[at % plain.length] === "autodate" ? "text" : (plain[at % plain.length] as string))) },
  { name: "aVeryLongNameOfACollectionThatSaysAllThereIsToSayAboutIt", fields: [field("aVeryLongNameOfAFieldThatSaysAllThereIsToSayAboutItAsWell", "text")] },
]; // biome-ignore format: a table
