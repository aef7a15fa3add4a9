/*
 * Answers of two models, for which other programs gave the reference values of the specs beside this folder.
 */

/** Ten pictures of cats (0) and dogs (1), and how likely a model of one logit holds a dog to be. */
export const ten = {
  classes: [0, 0, 1, 1, 0, 1, 1, 0, 1, 0],
  dog: [0.1, 0.4, 0.35, 0.8, 0.35, 0.9, 0.6, 0.7, 0.8, 0.05],
};

/** Eight pictures of three classes, and the probability of each class. */
export const eight = {
  classes: [0, 1, 2, 2, 1, 0, 2, 1],
  probabilities: [
    [0.7, 0.2, 0.1],
    [0.1, 0.8, 0.1],
    [0.2, 0.2, 0.6],
    [0.5, 0.3, 0.2],
    [0.3, 0.4, 0.3],
    [0.4, 0.5, 0.1],
    [0.05, 0.15, 0.8],
    [0.2, 0.6, 0.2],
  ],
};
