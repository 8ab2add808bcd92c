/**
 * Results in the order of the inputs; the work for the next input is under way while a result is used, so at most two results are in
 * memory. However it ends, by the last input, by a failure or by its reader leaving, no work is left running.
 */
export async function* mapAhead<In, Out>(
  inputs: AsyncIterable<In> | Iterable<In>,
  work: (input: In) => Promise<Out>,
): AsyncGenerator<{ readonly input: In; readonly output: Out }, void, void> {
  let ahead: { readonly input: In; readonly output: Promise<Out> } | null = null
  try {
    for await (const input of inputs) {
      const output = work(input)
      // It is waited for below; until then its failure is nobody's and must not end the process.
      output.catch(() => undefined)
      const ready: typeof ahead = ahead
      ahead = { input, output }
      if (ready !== null) yield { input: ready.input, output: await ready.output }
    }
    if (ahead !== null) yield { input: ahead.input, output: await ahead.output }
  } finally {
    // The one that ended it is the failure to tell.
    await ahead?.output.catch(() => undefined)
  }
}
