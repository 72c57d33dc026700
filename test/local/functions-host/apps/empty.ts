export const nothing = 'registered';
