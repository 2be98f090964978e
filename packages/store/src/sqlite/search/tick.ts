/** The name of an SQL function that throws once a search has taken its time. */
export const inTime = "selfsame_in_time";

/**
 * A condition that is always true, and looks at the clock every 4096th row: SQLite cannot be interrupted otherwise, and
 * asking at every row would take longer than the rows.
 */
export const tick = (row: string) => `((${row} & 4095) <> 0 OR ${inTime}())`;
