// An expression editor with its label and its finding in words. CodeMirror arrives with the first one shown.
import { Skeleton } from "@mantine/core";
import { lazy, Suspense, useId } from "react";
import type { CelEditorProps } from "./CelEditor.tsx";
import { texts } from "./texts.ts";

const Editor = lazy(() => import("./CelEditor.tsx"));

export function CelField(props: CelEditorProps) {
  const id = useId();
  const { finding } = props;
  return (
    <div>
      <Suspense fallback={<Skeleton height={34} />}>
        <Editor {...props} />
      </Suspense>
      <div id={id} aria-live="polite">
        {finding ? (
          <p className="problem-line">
            {finding.from === undefined ? null : <span className="num">{texts.at(finding.from + 1)} </span>}
            {finding.message}
            {/[.!?]$/.test(finding.message) ? null : "."}
            {finding.advice ? <span className="quiet"> {finding.advice}</span> : null}
          </p>
        ) : null}
      </div>
    </div>
  );
}
