import { readdir, readFile } from 'node:fs/promises'

/** Processes below `root` whose command line holds `text`, nearest first. Reads /proc, as only Linux has it. */
export async function findDescendants(root: number, text: string): Promise<number[]> {
  const parents = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    // A process may end while it is looked at.
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => null)
    const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
    if (parent !== undefined) parents.set(Number(name), Number(parent))
  }
  const found: number[] = []
  let level = [root]
  while (level.length > 0) {
    level = [...parents].filter(([, parent]) => level.includes(parent)).map(([pid]) => pid)
    for (const pid of level) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      if (command.includes(text)) found.push(pid)
    }
  }
  return found
}
