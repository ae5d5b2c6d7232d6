// Colours for the expression language. A token stream is enough: the checker, not the highlighter, knows what is right.
import { HighlightStyle, StreamLanguage, type StreamParser, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";

const constants = new Set(["true", "false", "null"]);
const keywords = new Set(["in", "auth", "before", "request", "collection", "now"]);

const parser: StreamParser<null> = {
  name: "cel",
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match("//")) {
      stream.skipToEnd();
      return "comment";
    }
    if (stream.match(/^r?"(?:[^"\\]|\\.)*"?/) || stream.match(/^r?'(?:[^'\\]|\\.)*'?/)) return "string";
    if (stream.match(/^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?u?/)) return "number";
    const word = stream.match(/^[A-Za-z_$][\w]*/);
    if (word && typeof word !== "boolean") {
      if (constants.has(word[0])) return "atom";
      if (keywords.has(word[0])) return "keyword";
      return stream.peek() === "(" ? "function" : "variableName";
    }
    stream.next();
    return "operator";
  },
  tokenTable: { function: tags.function(tags.variableName) },
};

const colours = HighlightStyle.define([
  { tag: tags.keyword, class: "tok-keyword" },
  { tag: tags.atom, class: "tok-bool" },
  { tag: tags.string, class: "tok-string" },
  { tag: tags.number, class: "tok-number" },
  { tag: tags.comment, class: "tok-comment" },
  { tag: tags.function(tags.variableName), class: "tok-function" },
]);

export const cel = [StreamLanguage.define(parser), syntaxHighlighting(colours)];
