// Keeps one turn of the event loop short. Node reads every socket that has something in one turn; when a thousand clients ask
// at once, a thousand requests are worked on before the database's answers are read again, and each connection to it brings
// one answer a turn: a server busy with refusals would get nothing else done. So only some of them begin in a turn.

/** Runs the work now, or in one of the next turns, in the order in which it came. */
export type Turns = (work: () => void) => void;

export function createTurns(perTurn: number, nextTurn: (run: () => void) => void = setImmediate): Turns {
  let waiting: (() => void)[] = [];
  let at = 0;
  let begun = 0;
  let planned = false;

  function plan(): void {
    if (planned) return;
    planned = true;
    nextTurn(turn);
  }

  function turn(): void {
    planned = false;
    begun = 0;
    while (at < waiting.length && begun < perTurn) {
      begun += 1;
      (waiting[at++] as () => void)();
    }
    // The next turn's count begins when it does.
    if (begun > 0) plan();
    if (at < waiting.length) return;
    waiting = [];
    at = 0;
  }

  return (work) => {
    plan();
    if (begun >= perTurn || waiting.length > 0) return void waiting.push(work);
    begun += 1;
    work();
  };
}
