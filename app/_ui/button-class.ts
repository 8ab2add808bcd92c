import clsx from 'clsx'

export type ButtonTone = 'plain' | 'primary' | 'danger' | 'quiet'

const TONES: Record<ButtonTone, string> = {
  plain: 'border border-line bg-surface text-fg hover:bg-hover',
  primary: 'border border-transparent bg-accent font-medium text-on-accent hover:bg-accent-hover',
  danger: 'border border-transparent bg-danger font-medium text-on-danger hover:bg-danger-hover',
  quiet: 'border border-transparent text-fg hover:bg-hover',
}

/** Look of buttons and of links that stand beside them. */
export function buttonClass({
  tone = 'plain',
  size = 'medium',
  square = false,
}: {
  tone?: ButtonTone
  size?: 'small' | 'medium'
  square?: boolean
} = {}): string {
  return clsx(
    'inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-md transition-colors',
    // Only until the page's script runs: too short a time for a look of its own.
    'disabled:cursor-progress',
    'aria-disabled:cursor-not-allowed aria-disabled:border-line aria-disabled:bg-sunken aria-disabled:text-muted',
    TONES[tone],
    size === 'small' ? 'h-7 text-xs' : 'h-8 text-sm',
    square ? (size === 'small' ? 'w-7' : 'w-8') : size === 'small' ? 'px-2' : 'px-3',
  )
}
