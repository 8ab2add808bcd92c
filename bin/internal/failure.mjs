/** Ends the run with one line on standard error. Exit code 2 is for what the person has to change in the command, 1 for all else. */
export class Failure extends Error {
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
