/** The page of one alert, for whoever reads of it elsewhere. Says the same as `paths.alerts` (a test of app/_nav holds them together). */
export function alertLink(publicUrl: string, alertId: string): string {
  return `${publicUrl}/alerts?${new URLSearchParams({ alert: alertId })}`
}
