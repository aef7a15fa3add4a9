/** Status and body of `/readyz`. */
export async function readiness(url: string): Promise<readonly [number, unknown]> {
  const answer = await fetch(`${url}/readyz`);
  return [answer.status, await answer.json()];
}
