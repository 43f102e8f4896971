// A server with room for one client, and no words for it yet. `make test` says what it lacks.
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;

public class Main {
    public static void main(String[] arguments) throws IOException, InterruptedException {
        // The number behind --port, or Redis's own.
        List<String> words = Arrays.asList(arguments);
        int at = words.indexOf("--port");
        int port = at < 0 ? 6379 : Integer.parseInt(words.get(at + 1));
        ServerSocket listener = new ServerSocket(port, 128, InetAddress.getByName("127.0.0.1"));
        Socket client = listener.accept();
        // One is enough: the door is closed.
        listener.close();
        Thread.sleep(Long.MAX_VALUE);
        client.close();
    }
}
