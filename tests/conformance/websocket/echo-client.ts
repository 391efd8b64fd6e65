import { dial } from "@heddle/websocket";

export async function ask(url: string, question: string): Promise<string> {
  const connection = await dial(url);
  return await new Promise((resolve, reject) => {
    connection.start({
      onText(answer) {
        resolve(answer);
        connection.close(1000, "thanks");
      },
      onBinary: () => connection.close(1003, "text only"),
      onClose: (code, reason) => reject(new Error(`closed: ${code} ${reason}`)), // no effect after an answer
    });
    connection.sendText(question);
  });
}
