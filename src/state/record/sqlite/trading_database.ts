/** The location of the trading record. */

/** The database's name in the state folder. */
export const TRADING_DATABASE = "trading.db";
