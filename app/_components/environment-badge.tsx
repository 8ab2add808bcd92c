import { Badge } from '@/app/_ui/badge.tsx'

const LOOKS = {
  production: { tone: 'bad', text: 'production' },
  staging: { tone: 'warn', text: 'staging' },
  development: { tone: 'neutral', text: 'development' },
} as const

export function EnvironmentBadge({ environment }: { environment: keyof typeof LOOKS }) {
  const look = LOOKS[environment]
  return <Badge tone={look.tone}>{look.text}</Badge>
}
