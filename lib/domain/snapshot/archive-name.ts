const NAME = /^(\d{8}T\d{6}Z-[0-9a-f]{1,16})(?:-(\d+))?$/

/**
 * The name of an archive's folder that is `steps` behind this one: the second of a name ends in `-2`. Only such names are archives to whoever
 * lists a store, so that a taken one counts on and gets no second counter. Any other name gets one.
 */
export function laterName(name: string, steps: number): string {
  if (steps === 0) return name
  const [, stem = name, counter = '1'] = NAME.exec(name) ?? []
  return `${stem}-${Number(counter) + steps}`
}
