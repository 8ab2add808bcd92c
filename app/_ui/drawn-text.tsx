import clsx from 'clsx'

/** Text that is only drawn: for facts in a dense row whose label says the same in words. */
export function DrawnText({ text, className, title }: { text: string; className?: string; title?: string }) {
  return (
    <span aria-hidden data-text={text} title={title} className={clsx('before:content-[attr(data-text)]', className)} />
  )
}
