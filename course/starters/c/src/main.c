// A server with room for one client, and no words for it yet. `make test` says what it lacks.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **words) {
    int port = 6379; // Redis's own, or the number behind --port.
    for (int i = 1; i + 1 < count; i++)
        if (strcmp(words[i], "--port") == 0) port = atoi(words[i + 1]);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) {
        perror("bind");
        return 1;
    }
    accept(listener, NULL, NULL);
    close(listener); // One is enough: the door is closed.
    for (;;) pause();
}
