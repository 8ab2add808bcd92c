import clsx from 'clsx'

/** A path in monospace that breaks only after a slash where it can. */
export function ZnodePath({ path, className }: { path: string; className?: string }) {
  // The audit also names what is no path, for example several subtrees.
  if (!path.startsWith('/')) return <span className={className}>{path}</span>
  const names = path === '/' ? [] : path.slice(1).split('/')
  return (
    <code className={clsx('break-words font-mono text-[0.92em]', className)}>
      {names.length === 0
        ? '/'
        : names.map((name, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: names of one path, always in the same order
            <span key={index}>
              /<wbr />
              {name}
            </span>
          ))}
    </code>
  )
}
