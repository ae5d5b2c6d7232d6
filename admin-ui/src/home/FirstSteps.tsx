// From an empty project to the first answered request, in four steps that tick themselves off.
import { Button } from "@mantine/core";
import { IconCircle, IconCircleCheckFilled } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ApiKey, Collection } from "../api/types.ts";
import { When } from "../parts/When.tsx";
import { lastUse, type StepName } from "./steps.ts";
import { texts } from "./texts.ts";

const words = texts.steps;
const order: readonly StepName[] = ["collection", "records", "key", "request"];

interface FirstStepsProps {
  readonly done: { readonly [step in StepName]: boolean };
  readonly collections: readonly Collection[];
  readonly keys: readonly ApiKey[];
  readonly latest: Collection | undefined;
}

export function FirstSteps({ done, collections, keys, latest }: FirstStepsProps) {
  const next = order.find((step) => !done[step]);
  const use = lastUse(keys);
  const bodies: { readonly [step in StepName]: ReactNode } = {
    collection: done.collection ? words.collection.made(collections.length) : words.collection.body,
    records: done.records ? words.records.made : words.records.body,
    key: done.key ? words.key.made(keys.length) : words.key.body,
    request: use ? (
      <span className="good">
        {words.request.received} <When at={use.at} /> {words.request.by(use.key)}
      </span>
    ) : next === "request" ? (
      <span className="waiting">{words.request.waiting}</span>
    ) : (
      words.request.body
    ),
  };
  return (
    <section>
      <div className="code-head">
        <h2>{words.title}</h2>
        <span className="quiet">{words.done(order.filter((step) => done[step]).length, order.length)}</span>
      </div>
      <ol className="steps" aria-live="polite">
        {order.map((step) => (
          <li key={step} className="step">
            {done[step] ? (
              <IconCircleCheckFilled size={20} className="good" aria-label={words.isDone} />
            ) : (
              <IconCircle size={20} className="quiet" aria-label={words.isOpen} />
            )}
            <div className="step-body">
              <h3>{words[step].title}</h3>
              <p className="quiet">{bodies[step]}</p>
            </div>
            {done[step] ? null : <Actions step={step} isNext={step === next} latest={latest} />}
          </li>
        ))}
      </ol>
    </section>
  );
}

interface ActionsProps {
  readonly step: StepName;
  /** The next one is the accented one. */
  readonly isNext: boolean;
  readonly latest: Collection | undefined;
}

function Actions({ step, isNext, latest }: ActionsProps) {
  const variant = isNext ? "filled" : "default";
  if (step === "collection")
    return (
      <Button component={Link} to="/new-collection" variant={variant}>
        {words.collection.action}
      </Button>
    );
  if (step === "records" && latest)
    return (
      <div className="empty-actions">
        <Button
          variant={variant}
          renderRoot={(props) => <Link to="/collections/$name/import" params={{ name: latest.name }} {...props} />}
        >
          {words.records.import}
        </Button>
        <Button
          variant="default"
          renderRoot={(props) => (
            <Link
              to="/collections/$name/records"
              params={{ name: latest.name }}
              search={{ record: "new" }}
              {...props}
            />
          )}
        >
          {words.records.add}
        </Button>
      </div>
    );
  if (step === "key")
    return (
      <Button component={Link} to="/keys" variant={variant}>
        {words.key.action}
      </Button>
    );
  return null;
}
