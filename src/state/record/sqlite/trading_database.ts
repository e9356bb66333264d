/** Where the trading record is. */

/** The database's name in the state folder. */
export const TRADING_DATABASE = "trading.db";
