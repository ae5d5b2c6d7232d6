// Copies a text; `copied` is true for a moment afterwards, for an icon to say so. A refusal is a notice.
import { useEffect, useRef, useState } from "react";
import { copyText } from "./copy-text.ts";
import { toastFailed } from "./toasts.tsx";

const shownMs = 1_500;

export function useCopy(): { readonly copied: boolean; readonly copy: (text: string) => void } {
  const [copied, setCopied] = useState(false);
  const timer = useRef<number>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const shown = () => {
    setCopied(true);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setCopied(false), shownMs);
  };
  return { copied, copy: (text) => void copyText(text).then(shown, toastFailed) };
}
