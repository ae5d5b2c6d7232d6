// The expression editor: CodeMirror with our language, completion from the schema, and the checker's findings underlined.
// Loaded only where an expression is edited (see `CelField`).
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  snippetCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, placeholder as placeholderText } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { type CompletionScope, completeCel, type Suggestion } from "./cel-complete.ts";
import { cel } from "./cel-language.ts";
import type { Finding } from "./finding.ts";

export interface CelEditorProps {
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly scope: CompletionScope;
  readonly label: string;
  readonly placeholder?: string | undefined;
  readonly finding?: Finding | undefined;
  /** Enter submits instead of making a new line, as in a filter bar. */
  readonly onSubmit?: (() => void) | undefined;
  readonly autoFocus?: boolean | undefined;
}

export default function CelEditor(props: CelEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  // The editor is made once; it reads what changes from here.
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    if (!host.current) return;
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({ doc: latest.current.value, extensions: extensions(latest) }),
    });
    view.current = made;
    if (latest.current.autoFocus) made.focus();
    return () => made.destroy();
  }, []);

  useEffect(() => {
    const current = view.current;
    if (!current || current.state.doc.toString() === props.value) return;
    current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert: props.value } });
  }, [props.value]);

  useEffect(() => {
    const current = view.current;
    if (current)
      current.dispatch(setDiagnostics(current.state, diagnostics(props.finding, current.state.doc.toString())));
  }, [props.finding]);

  return <div ref={host} className="cel" />;
}

function diagnostics(finding: Finding | undefined, text: string): Diagnostic[] {
  if (!finding || finding.from === undefined) return [];
  const from = Math.min(finding.from, Math.max(0, text.length - 1));
  // One letter is hard to see: the whole word is underlined.
  const word = /^\w+/.exec(text.slice(from))?.[0].length ?? 1;
  const to = Math.min(from + word, text.length);
  return [{ from, to, severity: "error", message: [finding.message, finding.advice].filter(Boolean).join("\n") }];
}

function extensions(latest: { readonly current: CelEditorProps }) {
  const submit = () => {
    latest.current.onSubmit?.();
    return latest.current.onSubmit !== undefined;
  };
  return [
    cel,
    history(),
    bracketMatching(),
    closeBrackets(),
    EditorView.lineWrapping,
    autocompletion({
      override: [
        (context) => {
          const found = completeCel(context.state.doc.toString(), context.pos, latest.current.scope, context.explicit);
          return found ? { from: found.from, options: found.options.map(toCompletion), validFor: /^\w*$/ } : null;
        },
      ],
      icons: false,
    }),
    EditorView.contentAttributes.of({ "aria-label": latest.current.label, spellcheck: "false" }),
    placeholderText(latest.current.placeholder ?? ""),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onChange(update.state.doc.toString());
    }),
    // Completion keys first: Enter takes a suggestion before it submits. Tab is left alone, so that the keyboard is never trapped.
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      { key: "Enter", run: submit },
      ...historyKeymap,
      ...defaultKeymap,
    ]),
  ];
}

/** One's own fields before functions that are spelled alike. */
const boosts: { readonly [type in Suggestion["type"]]: number } = { property: 2, variable: 1, keyword: 0, function: 0 };

function toCompletion({ label, type, detail, apply }: Suggestion) {
  const base = { label, type, detail, boost: boosts[type] };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: CodeMirror's own mark for where the cursor goes
  return apply ? snippetCompletion(apply.replace("|", "${}"), base) : base;
}
