/** A history of metrics, and whether an alert fires at its end. */
export interface AlertCase {
  readonly alert: string;
  /** The history, in words. */
  readonly title: string;
  readonly fires: boolean;
  /**
   * Series of the service by name without the model's, with labels: `request_total{status="200"}`. Job and namespace are added.
   * Values in promtool's notation, one a minute (five minutes in `days`): `0+5x10` counts up by 5, ten times.
   */
  readonly service?: Readonly<Record<string, string>>;
  /** The same of the controller, by name without `pawl_controller_`; `up` stands for itself. */
  readonly controller?: Readonly<Record<string, string>>;
  /** When it is looked at. */
  readonly at: string;
  /** `days`: the history is long, so samples and evaluations are far apart. */
  readonly pace?: 'days';
}
