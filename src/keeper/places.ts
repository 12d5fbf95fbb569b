/** Where things of the keeper are, in the state dir. */
export const keeperSocket = 'keeper.sock';
export const fifoFolder = 'fifo';
/** How kept programs ended, from a keeper with nothing else to do. */
export const lastWordsFile = 'keeper.ended';
