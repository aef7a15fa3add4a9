import { Logger } from '../../src/logging/logger.ts';

/** A log line as the service wrote it. */
interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly fields: object;
  readonly message: string;
}

/** Keeps what is logged. */
export class FakeLogger extends Logger {
  readonly entries: LogEntry[] = [];

  /** The messages of one level, in order. */
  messages(level: LogEntry['level']): string[] {
    return this.entries.filter((entry) => entry.level === level).map(({ message }) => message);
  }

  override debug(fields: object, message: string): void {
    this.entries.push({ level: 'debug', fields, message });
  }

  override info(fields: object, message: string): void {
    this.entries.push({ level: 'info', fields, message });
  }

  override warn(fields: object, message: string): void {
    this.entries.push({ level: 'warn', fields, message });
  }

  override error(fields: object, message: string): void {
    this.entries.push({ level: 'error', fields, message });
  }

  override fatal(fields: object, message: string): void {
    this.entries.push({ level: 'fatal', fields, message });
  }
}
